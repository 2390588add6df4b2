#!/bin/sh
# Environments of their own for two other simulators, the cases asked, their answers as tables.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$here/../..
environments=${1:?a folder for the environments}
for engine in acn_sim ev2gym; do
    test -x "$environments/$engine/bin/python" || python3 -m venv "$environments/$engine"
done
"$environments/acn_sim/bin/pip" install -q acnportal==0.3.3 'numpy<2' 'pandas<2.2'
# its environment of learning needs more, its cars do not
"$environments/ev2gym/bin/pip" install -q --no-deps ev2gym==2.0.0
"$environments/ev2gym/bin/pip" install -q gymnasium 'numpy<2'
"$environments/acn_sim/bin/python" "$here/ask_acn_sim.py" "$root"
"$environments/ev2gym/bin/python" "$here/ask_ev2gym.py" "$root"
