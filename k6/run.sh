#!/bin/sh
# Run one scenario with k6, the same way every time: BASE_URL=http://127.0.0.1:8000 k6/run.sh hello
#   PROFILE       how long and how many: a name in profiles/ or a .json's path; else standard
#   ARM           the server's name in the summary; else app
#   TURNS         servers that take turns in place of BASE_URL: lib/turns.js, given as JSON
#   HOSTS, HOST, START_AT  one of several k6: how many, which (from 0), when all begin (s since 1970)
#   SUMMARY_PATH  the JSON file that takes the summary; else k6 prints its own text
#   K6            which k6; else the one on PATH, else the one that `nox -s k6` has built
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
refuse() { echo "k6/run.sh: $1" >&2; exit 2; }

[ -f "$here/${1-}.js" ] || \
  refuse "no scenario '${1-}': hello, echo, list, get, create, update, delete or warmup"
case ${PROFILE:=standard} in
  /*) ;;
  *.json) PROFILE=$PWD/$PROFILE ;;
  *) PROFILE=$here/profiles/$PROFILE.json ;;
esac
[ -f "$PROFILE" ] || refuse "no profile $PROFILE"
pin=$({ sha256sum "$here/go.sum" || shasum -a 256 "$here/go.sum"; } 2>/dev/null | cut -c1-12)
: "${K6:=$(command -v k6 || echo "$here/../.cache/k6-$pin")}"
command -v "$K6" >/dev/null || refuse "no k6 at $K6: nox -s k6 builds it"

# Nothing else of the shell or the home reaches k6: K6_VUS, GOMAXPROCS, a proxy, or an `rps` in
# ~/.config/k6/config.json would silently change the load.
set -- "$1" env -i "PATH=$PATH" "TMPDIR=${TMPDIR:-/tmp}" "NO_PROXY=*" "PROFILE=$PROFILE" \
  "BASE_URL=${BASE_URL:=http://127.0.0.1:8000}" K6_NO_USAGE_REPORT=true \
  K6_AUTO_EXTENSION_RESOLUTION=false K6_NEW_MACHINE_READABLE_SUMMARY=false
for name in ARM TURNS SUMMARY_PATH GOMEMLIMIT HOSTS HOST START_AT PYTHON_WEB_FRAMEWORKS_MEASURED_OWNER; do
  eval "value=\${$name-}"
  [ -z "$value" ] || set -- "$@" "$name=$value"
done
# Less CPU a request, for more memory. A run of turns is short: under a limit of memory k6's
# collector, a part of every p99, can rest.
if [ -n "${TURNS-}" ] && [ -n "${GOMEMLIMIT-}" ]; then GOGC=off; else GOGC=400; fi
script=$here/$1.js
shift
set -- "$@" "GOGC=$GOGC" "$K6" run --quiet --no-color --config "$here/no-config.json" \
  --address '' # 1.x would listen on a port
# By hand ask once first: where nobody answers, k6 prints a warning for every one of its requests.
if [ -z "${SUMMARY_PATH-}${TURNS-}" ]; then
  "$@" --vus 1 --iterations 1 "$here/hello.js" >/dev/null 2>&1 || [ $? -ne 99 ] ||
    refuse "$BASE_URL/hello does not answer 200"
fi
exec "$@" "$script"
