#!/bin/sh
# Random search on NAS-Bench-201 in POSIX shell: messages are recognised by their beginning, as the protocol promises.

draw() { # set $digit to the next of five values
    state=$(((state * 1103515245 + 12345) % 2147483648))
    digit=$((state / 65536 % 5))
}

while IFS= read -r line; do
    case $line in
    '{"hello"'*)
        state=${line#*'"seed": '}
        state=${state%%,*}
        echo '{"hello": 1}'
        ;;
    '{"ask"'*)
        row=
        for _ in 1 2 3 4 5 6; do
            draw
            row="$row${row:+, }$digit"
        done
        echo "{\"trials\": [{\"arch\": [$row]}]}"
        ;;
    '{"tell"'*) echo '{}' ;;
    '{"end"'*) exit ;;
    esac
done
