# tests/cli/tidy.sh - sourced by a test that has made its folder, tmp: nothing outlives the test.
#
# At its end, SIGTERM's and SIGINT's included, what it has started in the background is killed and the
# folder removed. A SIGKILL leaves that to guard, or to the process group: programs that a test runs
# under timeout stay in it by --foreground.
tidy() {
    local started
    for started in $(jobs -p); do
        pkill -KILL -P "$started" # what timeout or mpirun runs
        kill -KILL "$started"
    done 2>/dev/null
    rm -rf "$tmp"
}
trap tidy EXIT
