{{- define "secrets-gateway.name" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name }}{{ else }}{{ .Release.Name }}-{{ .Chart.Name }}{{ end -}}
{{- end }}

{{- define "secrets-gateway.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "secrets-gateway.labels" -}}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{ include "secrets-gateway.selector" . }}
{{- end }}

{{- define "secrets-gateway.serviceAccount" -}}
{{ .Values.serviceAccount.name | default (include "secrets-gateway.name" .) }}
{{- end }}

{{- define "secrets-gateway.image" -}}
{{- $image := .Values.image -}}
{{- if $image.digest }}{{ $image.repository }}@{{ $image.digest }}{{ else }}{{ $image.repository }}:{{ $image.tag | default .Chart.AppVersion }}{{ end -}}
{{- end }}

{{/* The configuration file: the values, and the paths of what the chart mounts. */}}
{{- define "secrets-gateway.config" -}}
{{- $added := dict "authorization" (dict "policies" "/etc/secrets-gateway/policies") "server" (dict "metrics" (dict "host" "0.0.0.0" "port" 9464)) -}}
{{- with .Values.tls -}}
{{- if .secretName -}}
{{- $tls := dict "certificateFile" "/etc/secrets-gateway/tls/tls.crt" "keyFile" "/etc/secrets-gateway/tls/tls.key" -}}
{{- if .clientCertificates -}}
{{- $_ := set $tls "clientCertificates" (dict "authorityFile" "/etc/secrets-gateway/tls/ca.crt" "required" .clientCertificatesRequired) -}}
{{- end -}}
{{- $_ := set $added.server "tls" $tls -}}
{{- end -}}
{{- end -}}
{{- toYaml (mustMergeOverwrite (deepCopy .Values.config) $added) -}}
{{- end }}

{{/*
Where Kubernetes asks for the health of a pod. It has no client certificate, so if the gateway requires one, it asks the listener of
the metrics.
*/}}
{{- define "secrets-gateway.probe" -}}
{{- $tls := .Values.tls -}}
{{- if and $tls.secretName $tls.clientCertificates $tls.clientCertificatesRequired -}}
port: metrics
{{- else -}}
port: http
{{- if $tls.secretName }}
scheme: HTTPS
{{- end }}
{{- end }}
{{- end }}

{{/* The shutdown takes as long as its two times and a few seconds to close the trail. */}}
{{- define "secrets-gateway.terminationGracePeriodSeconds" -}}
{{- $shutdown := dig "server" "shutdown" (dict) .Values.config -}}
{{- add (ceil (dig "delaySeconds" 5 $shutdown)) (ceil (dig "graceSeconds" 20 $shutdown)) 10 -}}
{{- end }}

{{/* Refuses values with which the pods would lose evidence, or never become ready. */}}
{{- define "secrets-gateway.check" -}}
{{- $audit := dig "audit" (dict) .Values.config -}}
{{- if and (not .Values.persistence.enabled) (or (ne (toString $audit.file) "-") (not $audit.keyFile)) -}}
{{- fail "Without persistence, a pod's audit trail and its key are lost with the pod: set config.audit.file to \"-\", and config.audit.keyFile to a file of a Secret" -}}
{{- end -}}
{{- if hasKey (dig "server" (dict) .Values.config) "tls" -}}
{{- fail "The chart sets config.server.tls, so that the probes fit it: use tls.secretName, tls.clientCertificates and tls.clientCertificatesRequired" -}}
{{- end -}}
{{- end }}
