{{- /*
Workers use what a Datasource or run names: a Secret, a service account, a volume. Whoever names it must
be allowed to use it. The API server asks its authorizer, so no webhook has to run.

Each validation may ask no more than twice, or it costs more than the API server grants: a long list is
checked entry by entry.
*/}}
{{- define "curation.mayUse" -}}
authorizer.group('{{ .group }}').resource('{{ .resource }}').namespace(request.namespace).name({{ .name }}).check('{{ .verb }}').allowed()
{{- end }}
{{- define "curation.validation" }}
    - expression: >-
        !({{ .given }}) || {{ include "curation.mayUse" . }}
      messageExpression: >-
        '{{ .path }}: ' + request.userInfo.username + ' may not {{ .verb }} {{ .kind }} "' + {{ .name }} + '".
        Use another, or ask for the right to {{ .verb }} this one'
      reason: Forbidden
{{- end }}
{{- define "curation.policy" }}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata:
  name: {{ include "curation.name" . }}-{{ .resource }}
  labels: {{- include "curation.labels" . | nindent 4 }}
spec:
  failurePolicy: Fail
  matchConstraints:
    resourceRules:
      - apiGroups: [curation.dev]
        apiVersions: ["*"]
        resources: [{{ .resource }}]
        operations: {{ toJson .operations }}
    {{- with .Values.namespaces }}
    namespaceSelector:
      matchExpressions:
        - {key: kubernetes.io/metadata.name, operator: In, values: {{ toJson . }}}
    {{- end }}
  matchConditions:
    - name: what-is-used-is-new
      expression: oldObject == null || object.spec != oldObject.spec
  validations:
{{- end }}
{{- define "curation.binding" }}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata:
  name: {{ include "curation.name" . }}-{{ .resource }}
  labels: {{- include "curation.labels" . | nindent 4 }}
spec:
  policyName: {{ include "curation.name" . }}-{{ .resource }}
  validationActions: [Deny]
{{- end }}
