{{/* What `helm install` prints: what runs, what the cluster lacks, what follows from it, and the next step. */}}
{{- define "sidecarjob.notes" -}}
SidecarJob {{ .Chart.AppVersion }} watches {{ with .Values.watchNamespaces }}the namespace{{ gt (len .) 1 | ternary "s" "" }} {{ join ", " . }}{{ else }}all namespaces{{ end }} of a Kubernetes {{ .Capabilities.KubeVersion.Version }}.

{{ include "sidecarjob.notes.mode" . }}
{{- if not .Values.crds.enabled }}

crds.enabled is false: the CRDs must be there already, in the version of this chart. `kubectl sidecarjob version` compares them.
{{- else if not .Values.crds.keep }}

crds.keep is false: helm uninstall will delete all SidecarJobs and SidecarCronJobs of the cluster.
{{- end }}
{{- if and .Values.policies.checks (not (include "sidecarjob.validation" .)) }}

The cluster has no ValidatingAdmissionPolicy, so the API server does not check the annotations of Jobs.
{{- end }}
{{- if and (eq .Values.image.repository "sidecarjob.dev/controller") (not .Values.image.digest) }}

No registry has the image {{ include "sidecarjob.image" . }}. Load it into the nodes, or set image.repository and image.tag.
{{- end }}

Next steps:

  kubectl -n {{ .Release.Namespace }} rollout status deployment/sidecarjob-controller
  kubectl {{ with .Values.watchNamespaces }}-n {{ first . }} {{ end }}apply -f - <<EOF
  apiVersion: sidecarjob.dev/v1alpha1
  kind: SidecarJob
  metadata:
    name: hello
  spec:
    sidecars: [{name: proxy}]
    template:
      spec:
        restartPolicy: Never
        containers:
        - {name: work, image: "busybox:1.37", command: [sh, -c, "echo hello; sleep 5"]}
        - {name: proxy, image: "busybox:1.37", command: [sh, -c, "trap 'exit 0' TERM; while :; do sleep 1; done"]}
  EOF
  kubectl {{ with .Values.watchNamespaces }}-n {{ first . }} {{ end }}wait scj/hello --for=condition=Finished && kubectl {{ with .Values.watchNamespaces }}-n {{ first . }} {{ end }}get scj hello
{{- end }}

{{/* Who stops which sidecars, and why. */}}
{{- define "sidecarjob.notes.mode" -}}
{{- $mutation := include "sidecarjob.mutation" . -}}
Sidecars that a spec names become native sidecars: the kubelet starts and stops them.
{{ if and $mutation .Values.policies.nativeSidecars -}}
Containers that a webhook injects become native sidecars too, by the admission policy sidecarjob-native-sidecars ({{ $mutation }}).
{{- if hasSuffix "v1beta1" $mutation }}
The policy works only if the API server runs with --feature-gates=MutatingAdmissionPolicy=true.
{{- end }}
{{- else if $mutation -}}
policies.nativeSidecars is false. {{ include "sidecarjob.notes.managed" . }}
{{- else -}}
The cluster has no MutatingAdmissionPolicy (Kubernetes 1.36 has it; 1.34 and 1.35 if v1beta1 is turned on). {{ include "sidecarjob.notes.managed" . }}
After an upgrade of the cluster, say helm upgrade again: the chart then installs the policy.
{{- if .Values.policies.wellKnownSidecars }}
policies.wellKnownSidecars has no effect for the same reason.
{{- end }}
{{- end }}
{{- end }}

{{/* How the controller stops injected containers itself. */}}
{{- define "sidecarjob.notes.managed" -}}
{{- $ways := list -}}
{{- range $way := list "http" "exec" "signal" }}{{ if index $.Values.stop $way }}{{ $ways = append $ways (printf "stop.%s" $way) }}{{ end }}{{ end -}}
Containers that a webhook injects stay plain containers (mode Managed): when the main containers are done, the controller stops them
{{ with $ways }}as the spec or a recipe says ({{ join ", " . }}), and at last {{ end }}by SIGTERM to the whole Pod. Such a Pod shows DeadlineExceeded; the run has the result of its main containers.
{{- end }}
