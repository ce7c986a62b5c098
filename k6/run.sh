#!/bin/sh
# Run one scenario with k6, the same way every time: BASE_URL=http://127.0.0.1:8000 k6/run.sh hello
#   PROFILE       how long and how many: a name in profiles/ or a .json's path; else standard
#   ARM           the server's name in the summary; else app
#   TURNS         servers that take turns in place of BASE_URL: lib/turns.js, given as JSON
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

# A K6_VUS or K6_ITERATIONS left in the environment would silently replace the profile's loads.
for name in $(env | sed -n 's/^\(K6_[A-Za-z0-9_]*\)=.*/\1/p'); do unset "$name"; done
export K6_NO_USAGE_REPORT=true K6_AUTO_EXTENSION_RESOLUTION=false
export K6_NEW_MACHINE_READABLE_SUMMARY=false
export NO_PROXY='*' GOGC=400 # less CPU a request, for more memory
# A run of turns is short: under a limit of memory k6's collector, a part of every p99, can rest.
if [ -n "${TURNS-}" ] && [ -n "${GOMEMLIMIT-}" ]; then GOGC=off; fi
export PROFILE BASE_URL="${BASE_URL:-http://127.0.0.1:8000}"

script=$here/$1.js
set -- run --quiet --no-color --address '' # 1.x would listen on a port
# By hand ask once first: where nobody answers, k6 prints a warning for every one of its requests.
if [ -z "${SUMMARY_PATH-}${TURNS-}" ]; then
  "$K6" "$@" --vus 1 --iterations 1 "$here/hello.js" >/dev/null 2>&1 || [ $? -ne 99 ] ||
    refuse "$BASE_URL/hello does not answer 200"
fi
exec "$K6" "$@" "$script"
