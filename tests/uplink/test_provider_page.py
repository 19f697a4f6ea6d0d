"""The transcripts in docs/provider.md are what really happens."""

import asyncio
import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path

from typer.testing import CliRunner

from agent import cli
from uplink.receiver.app import create_app
from uplink.receiver.serve import serve_app

PAGE = Path(__file__).parents[2] / "docs" / "provider.md"
TRANSCRIPTS = re.findall(r"```console\n\$ (.*?)\n(.*?)\n```", PAGE.read_text("utf-8"), re.DOTALL)


async def test_every_transcript_is_what_the_receiver_answers(
    tmp_path: Path, needs: Callable[..., str]
) -> None:
    curl = needs("curl")
    assert len(TRANSCRIPTS) >= 8
    async with serve_app(create_app(tmp_path / "r.db")) as url:
        for command, said in TRANSCRIPTS:
            words = shlex.split(command.replace("https://mps.example.com", url))
            if words[0] == "printwarden":  # what the desk's people type
                done = CliRunner().invoke(cli.build_cli(), [*words[1:], "--database", str(tmp_path / "r.db")])
                assert (done.exit_code, done.stdout.strip()) == (0, said), command
                continue
            assert words[0] == "curl"
            process = await asyncio.create_subprocess_exec(
                curl, "--noproxy", "*", *words[1:], stdout=asyncio.subprocess.PIPE
            )
            out, _ = await process.communicate()
            assert json.loads(out) == json.loads(said), command
