#!/bin/sh
# Random search on NAS-Bench-201 in POSIX shell: messages are recognised by their beginning, as the protocol promises.
number() { # the whole number that follows "$1" in the line
    printf '%s\n' "$line" | sed "s/^.*\"$1\": \([0-9]*\).*$/\1/"
}

draw() { # set $digit to the next of five values
    state=$(((state * 1103515245 + 12345) % 2147483648))
    digit=$((state / 65536 % 5))
}

trial() {
    row=
    for _ in 1 2 3 4 5 6; do
        draw
        row="$row${row:+, }$digit"
    done
    printf '{"arch": [%s]}' "$row"
}

while IFS= read -r line; do
    case $line in
    '{"hello"'*) state=$(number seed) && echo '{"hello": 1}' ;;
    '{"ask"'*)
        trials=$(trial) n=$(number ask)
        while [ "$n" -gt 1 ]; do trials="$trials, $(trial)" n=$((n - 1)); done
        echo "{\"trials\": [$trials]}" ;;
    '{"tell"'*) echo '{}' ;;
    '{"end"'*) exit ;;
    esac
done
