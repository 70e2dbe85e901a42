{{/*
What does the cluster have? A cluster names its kinds, for example v1/Pod. `helm template` without a cluster knows no kinds: then the
version of Kubernetes tells. (Argo CD gives the kinds of its cluster to `helm template`.)
*/}}

{{/* The API version of MutatingAdmissionPolicy, or nothing. v1beta1 is off by default, so no version of Kubernetes tells it. */}}
{{- define "sidecarjob.mutation" -}}
{{- $apis := .Capabilities.APIVersions }}
{{- $group := "admissionregistration.k8s.io" }}
{{- if $apis.Has (printf "%s/v1/MutatingAdmissionPolicy" $group) }}
{{- printf "%s/v1" $group }}
{{- else if $apis.Has (printf "%s/v1beta1/MutatingAdmissionPolicy" $group) }}
{{- printf "%s/v1beta1" $group }}
{{- else if and (not ($apis.Has "v1/Pod")) (semverCompare ">=1.36.0-0" .Capabilities.KubeVersion.Version) }}
{{- printf "%s/v1" $group }}
{{- end }}
{{- end }}

{{/* "yes" if the cluster has ValidatingAdmissionPolicy. Each version that the chart takes has it, unless somebody turned it off. */}}
{{- define "sidecarjob.validation" -}}
{{- $apis := .Capabilities.APIVersions }}
{{- if or (not ($apis.Has "v1/Pod")) ($apis.Has "admissionregistration.k8s.io/v1/ValidatingAdmissionPolicy") }}yes{{ end }}
{{- end }}
