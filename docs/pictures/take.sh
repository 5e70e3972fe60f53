#!/bin/sh
# Takes the pictures of this folder from the sample. Needs soffice, pdftoppm and chromium, and `cargo build` before.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${SHOWBACK:-$root/target/debug/showback}" run "$root/rules" --period 2026-10 --out "$work" --quiet
run="$work/2026-10"
for book in "$run/showback.xlsx" "$run/statements/motor-claims.xlsx"; do
  soffice "-env:UserInstallation=file://$work/profile" --headless --convert-to pdf --outdir "$work" "$book" >/dev/null 2>&1
done
# The contents come first in the workbook, the summary second.
pdftoppm -png -r 110 -f 2 -l 2 -singlefile "$work/showback.pdf" "$root/docs/pictures/summary"
pdftoppm -png -r 110 -f 1 -l 1 -singlefile "$work/motor-claims.pdf" "$root/docs/pictures/statement"
chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --force-prefers-color-scheme=light --window-size=1280,1250 \
  "--screenshot=$root/docs/pictures/page.png" "file://$run/report.html" >/dev/null 2>&1
