#!/bin/sh
# Check every prompt that differs from the approved branch. Usage: check.sh [BRANCH]; exit 1 when one is blocked.
set -eu
approved=${1:-origin/main}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p sarif
failed=0

for prompt in $(git diff --name-only --diff-filter=M "$approved" -- prompts); do
    name=$(basename "$prompt" .txt)
    git show "$approved:$prompt" > "$work/$name.txt"
    set -- --current "$work/$name.txt" --candidate "$prompt" --sarif "sarif/$name.sarif"
    # The policy is read from the approved branch too: a change must not loosen the rules it is judged by.
    if git cat-file -e "$approved:policies/$name.yaml" 2>/dev/null; then
        git show "$approved:policies/$name.yaml" > "$work/$name.yaml"
        set -- "$@" --policy "$work/$name.yaml"
    fi
    echo "== $prompt"
    code=0
    promptkeeper check "$@" || code=$?
    [ "$code" -le 1 ] || exit "$code"
    [ "$code" -eq 0 ] || failed=1
done
exit "$failed"
