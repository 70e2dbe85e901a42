{{/* The labels that kustomize's installation has too. */}}
{{- define "sidecarjob.selector" -}}
app.kubernetes.io/name: sidecarjob
app.kubernetes.io/component: controller
{{- end }}

{{/* The labels of an object: dict "root" $ "component" NAME. */}}
{{- define "sidecarjob.labels" -}}
app.kubernetes.io/name: sidecarjob
app.kubernetes.io/component: {{ .component }}
app.kubernetes.io/part-of: sidecarjob
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* The metadata of an object in the namespace of the release: dict "root" $ "name" NAME. */}}
{{- define "sidecarjob.metadata" -}}
name: {{ .name }}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- include "sidecarjob.labels" (dict "root" .root "component" "controller") | nindent 2 }}
{{- end }}

{{/* The image of the controller. */}}
{{- define "sidecarjob.image" -}}
{{- with .Values.image }}
{{- if .digest }}{{ .repository }}@{{ .digest }}{{ else }}{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end }}
{{- end }}

{{/*
The objects of a file in files/, each a document with our labels: dict "root" $ "file" PATH "component" NAME "mutation" VERSION.
A List becomes its items. "mutation" is the API version of the MutatingAdmissionPolicies.
*/}}
{{- define "sidecarjob.objects" -}}
{{- range $text := splitList "\n---\n" (.root.Files.Get .file) }}
{{- $document := fromYaml $text }}
{{- range $object := $document.items | default (list $document) }}
{{- $labels := include "sidecarjob.labels" (dict "root" $.root "component" $.component) | fromYaml }}
{{- $_ := set $object.metadata "labels" $labels }}
{{- if hasPrefix "Mutating" $object.kind }}
{{- $_ := set $object "apiVersion" $.mutation }}
{{- end }}
---
{{ toYaml $object }}
{{ end }}
{{- end }}
{{- end }}

{{/* A rule of RBAC lets the controller do this in all namespaces, or in those that it watches: dict "root" $ "name" NAME "rules" YAML. */}}
{{- define "sidecarjob.role" -}}
{{- $labels := include "sidecarjob.labels" (dict "root" .root "component" "controller") }}
{{- $kind := empty .root.Values.watchNamespaces | ternary "ClusterRole" "Role" }}
{{- range $namespace := .root.Values.watchNamespaces | default (list "") }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ $kind }}
metadata:
  name: {{ $.name }}
  {{- with $namespace }}
  namespace: {{ . }}
  {{- end }}
  labels:
    {{- $labels | nindent 4 }}
rules:
{{- $.rules }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ $kind }}Binding
metadata:
  name: {{ $.name }}
  {{- with $namespace }}
  namespace: {{ . }}
  {{- end }}
  labels:
    {{- $labels | nindent 4 }}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: {{ $kind }}, name: {{ $.name }}}
subjects:
- {kind: ServiceAccount, name: {{ $.root.Values.serviceAccount.name }}, namespace: {{ $.root.Release.Namespace }}}
{{- end }}
{{- end }}
