{{/* The port of controller.bindAddress. */}}
{{- define "sidecarjob.port" -}}
{{ regexFind "[0-9]+$" .Values.controller.bindAddress }}
{{- end }}

{{/* The environment of the controller: a variable for each flag that is set. `sidecarjob controller --help` has them all. */}}
{{- define "sidecarjob.environment" -}}
{{- with .Values.controller }}
- {name: SIDECARJOB_LOG_FORMAT, value: {{ .logFormat }}}
- {name: SIDECARJOB_LEADER_ELECT_NAMESPACE, value: {{ $.Release.Namespace }}}
{{- if not .leaderElect }}
- {name: SIDECARJOB_LEADER_ELECT, value: "false"}
{{- end }}
{{- with .logLevel }}
- {name: RUST_LOG, value: {{ quote . }}}
{{- end }}
{{- with $.Values.watchNamespaces }}
- {name: SIDECARJOB_NAMESPACE, value: {{ join "," . | quote }}}
{{- end }}
{{- if ne .bindAddress "0.0.0.0:8080" }}
- {name: SIDECARJOB_BIND_ADDRESS, value: {{ .bindAddress | quote }}}
{{- end }}
{{- with .perObjectMetrics }}
- {name: SIDECARJOB_PER_OBJECT_METRICS, value: {{ quote . }}}
{{- end }}
{{- with .concurrentSyncs }}
- {name: SIDECARJOB_CONCURRENT_SYNCS, value: {{ quote . }}}
{{- end }}
{{- with .podFailureBackoff }}
- {name: SIDECARJOB_POD_FAILURE_BACKOFF, value: {{ quote . }}}
{{- end }}
{{- with .podFailureBackoffMax }}
- {name: SIDECARJOB_POD_FAILURE_BACKOFF_MAX, value: {{ quote . }}}
{{- end }}
{{- with .syncBatchPeriod }}
- {name: SIDECARJOB_SYNC_BATCH_PERIOD, value: {{ quote . }}}
{{- end }}
{{- with .stopSignalImage }}
- {name: SIDECARJOB_STOP_SIGNAL_IMAGE, value: {{ quote . }}}
{{- end }}
{{- with .maxUncountedPods }}
- {name: SIDECARJOB_MAX_UNCOUNTED_PODS, value: {{ quote . }}}
{{- end }}
{{- with .maxPodCreateDeletePerSync }}
- {name: SIDECARJOB_MAX_POD_CREATE_DELETE_PER_SYNC, value: {{ quote . }}}
{{- end }}
{{- with .extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}
{{- end }}
