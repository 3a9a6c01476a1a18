{{- define "curation.name" -}}
{{- if contains "curation" .Release.Name }}{{ .Release.Name }}{{ else }}{{ .Release.Name }}-curation{{ end }}
{{- end }}

{{- define "curation.serviceAccount" -}}
{{- .Values.serviceAccount.name | default (include "curation.name" .) }}
{{- end }}

{{- define "curation.image" -}}
{{- $tag := .image.tag | default .version -}}
{{ .image.repository }}{{ if .image.digest }}@{{ .image.digest }}{{ else }}:{{ $tag }}{{ end }}
{{- end }}

{{- define "curation.selector" -}}
app.kubernetes.io/name: curation
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: operator
{{- end }}

{{- define "curation.labels" -}}
{{ include "curation.selector" . }}
app.kubernetes.io/part-of: curation
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- /* Pods that the operator starts, as names.py has their labels. */}}
{{- define "curation.workers" -}}
app.kubernetes.io/managed-by: curation-operator
{{- end }}

{{- /* The rules of one of the roles in files/role.yaml, which tests compare with what is asked for. */}}
{{- define "curation.rules" -}}
{{- $wanted := .role }}
{{- range splitList "\n---\n" (.Files.Get "files/role.yaml") }}
{{- with fromYaml . }}
{{- if eq .metadata.name $wanted }}{{ toYaml .rules }}{{ end }}
{{- end }}
{{- end }}
{{- end }}

{{- /* What the schema cannot say, because it concerns several values. */}}
{{- define "curation.check" -}}
{{- if and .Values.settings.probeQueueName (not .Values.settings.kueue) }}
{{- fail "settings.probeQueueName names a queue of Kueue, but settings.kueue is not true. To fix it: set settings.kueue=true, or leave the queue out" }}
{{- end }}
{{- if and .Values.admissionPolicy.imagePrefixes (not .Values.settings.customImagesAllowed) }}
{{- fail "admissionPolicy.imagePrefixes allows images that settings.customImagesAllowed does not. To fix it: set settings.customImagesAllowed=true, or leave the prefixes out" }}
{{- end }}
{{- if and (not .Values.serviceAccount.create) (not .Values.serviceAccount.name) }}
{{- fail "serviceAccount.create is false and serviceAccount.name is empty. To fix it: say in serviceAccount.name which service account the operator is to have" }}
{{- end }}
{{- if and .Values.admissionPolicy.imagePrefixes (not .Values.admissionPolicy.enabled) }}
{{- fail "admissionPolicy.imagePrefixes has no effect while admissionPolicy.enabled is false. To fix it: enable the policy, or leave the prefixes out" }}
{{- end }}
{{- end }}
