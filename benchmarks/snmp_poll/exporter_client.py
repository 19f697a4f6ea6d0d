"""Debian's prometheus-snmp-exporter: asked over HTTP for one printer after the other.

Only the exporter's own CPU and memory are counted (/proc/PID), not what asking it costs.
"""

import asyncio
import json
import os
import sys
import tempfile
from pathlib import Path

import workload

CONFIG = f"""
bench:
  version: 2
  max_repetitions: {workload.REPETITIONS}
  timeout: 10s
  auth:
    community: public
  get: {json.dumps(list(workload.SCALARS))}
  walk: {json.dumps([workload.SUPPLIES, workload.ALERTS])}
  metrics:
  - name: prtMarkerSuppliesLevel
    oid: {workload.SUPPLIES}.9
    type: gauge
    help: one metric is enough to know that the walk came back
    indexes:
    - {{labelname: hrDeviceIndex, type: gauge}}
    - {{labelname: prtMarkerSuppliesIndex, type: gauge}}
"""
LEVELS = 7


async def scrape(http: int, target: str) -> str:
    reader, writer = await asyncio.open_connection("127.0.0.1", http)
    writer.write(f"GET /snmp?module=bench&target={target} HTTP/1.0\r\nHost: bench\r\n\r\n".encode())
    answer = (await reader.read()).decode()
    writer.close()
    return answer


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


async def client(port: int, hosts: list[str], in_flight: int) -> dict[str, float]:
    http = port + 1
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "snmp.yml"
        config.write_text(CONFIG)
        exporter = await asyncio.create_subprocess_exec(
            "prometheus-snmp-exporter", f"--config.file={config}", f"--web.listen-address=127.0.0.1:{http}",
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        try:
            return await measure(http, port, hosts, in_flight, exporter.pid)
        finally:
            exporter.terminate()
            await exporter.wait()


async def measure(http: int, port: int, hosts: list[str], in_flight: int, pid: int) -> dict[str, float]:
    for _ in range(100):
        try:
            await scrape(http, f"{hosts[0]}:{port}")
            break
        except OSError:
            await asyncio.sleep(0.05)

    async def poll(host: str) -> int:
        answer = await scrape(http, f"{host}:{port}")
        return workload.EXPECTED if answer.count("\nprtMarkerSuppliesLevel{") == LEVELS else 0

    before = cpu_seconds(pid)
    result = await workload.run(poll, hosts, in_flight)
    return {
        "cpu_ms_per_poll": 1000 * (cpu_seconds(pid) - before) / len(hosts),
        "rss_mb": peak_mb(pid),
        "failed_polls": result["failed_polls"],
    }


if __name__ == "__main__":
    sys.exit(workload.main(client))
