# tests/cli/tidy.sh - sourced by a test that has made its folder, tmp: nothing outlives the test.
#
# At its end, SIGTERM's and SIGINT's included, what it has started in the background is killed and the
# folder removed. A SIGKILL leaves that to guard.
tidy() {
    local started
    for started in $(jobs -p); do
        pkill -KILL -P "$started" # what mpirun runs
        kill -KILL "$started"
    done 2>/dev/null
    rm -rf "$tmp"
}
trap tidy EXIT
