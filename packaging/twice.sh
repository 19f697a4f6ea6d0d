#!/bin/sh
# How far a build can be repeated: freezes twice from the same source and compares the files.
set -eu
cd "$(dirname "$0")/.."
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2> /dev/null || echo 1700000000)}
export SOURCE_DATE_EPOCH PYTHONHASHSEED=0 PYTHONNODEBUGRANGES=1
for run in one two; do
    rm -rf "build/twice-$run" "build/twice-work"
    nice -n 10 .venv/bin/python -m PyInstaller --log-level ERROR --distpath "build/twice-$run" \
        --workpath build/twice-work packaging/printwarden.spec > /dev/null 2>&1
    (cd "build/twice-$run" && find . -type f | LC_ALL=C sort | xargs sha256sum) > "build/twice-$run.sums"
done
if cmp -s build/twice-one.sums build/twice-two.sums; then
    echo "the same $(wc -l < build/twice-one.sums) files, byte for byte"
else
    diff build/twice-one.sums build/twice-two.sums | sed -n 's/^[<>] [0-9a-f]*  /differs: /p' | sort -u
    exit 1
fi
