//! What each value of the chart does: a row for each.

/// Values, and what is rendered with them.
pub struct Row {
    pub says: &'static str,
    pub set: &'static [&'static str],
    pub there: &'static [&'static str],
    pub not_there: &'static [&'static str],
    /// An object, a pointer into it, and the value there as JSON.
    pub fields: &'static [(&'static str, &'static str, &'static str)],
}

pub const DEPLOYMENT: &str = "Deployment sidecarjob-system sidecarjob-controller";
/// Values of a recipe that the controller takes.
pub const RECIPE: &str = "recipes[0].name=mine,recipes[0].containers[0]=agent,recipes[0].images[0]=agent,\
                          recipes[0].stop[0].signal=SIGINT,recipes[0].since=v1,recipes[0].onByDefault=true,recipes[0].ifOff=-";
const NONE: Row = Row { says: "", set: &[], there: &[], not_there: &[], fields: &[] };

pub const ROWS: &[Row] = &[
    Row {
        says: "by default two replicas with the image of this version, kept CRDs, and no further permission",
        there: &["PodDisruptionBudget sidecarjob-system sidecarjob-controller", "ClusterRole sidecarjob-controller"],
        not_there: &["ClusterRole sidecarjob-stop-exec", "NetworkPolicy sidecarjob-system sidecarjob-controller"],
        fields: &[
            (DEPLOYMENT, "/spec/replicas", "2"),
            (DEPLOYMENT, "/spec/template/spec/containers/0/args", r#"["controller"]"#),
            (
                "CustomResourceDefinition sidecarjobs.sidecarjob.dev",
                "/metadata/annotations",
                r#"{"helm.sh/resource-policy": "keep"}"#,
            ),
        ],
        ..NONE
    },
    Row {
        says: "CRDs are not kept",
        set: &["crds.keep=false"],
        fields: &[("CustomResourceDefinition sidecarjobs.sidecarjob.dev", "/metadata/annotations", "null")],
        ..NONE
    },
    Row {
        says: "CRDs are left to somebody else",
        set: &["crds.enabled=false"],
        not_there: &["CustomResourceDefinition sidecarjobs.sidecarjob.dev"],
        ..NONE
    },
    Row {
        says: "an image by tag, another by digest, with a secret",
        set: &["image.repository=r/s", "image.tag=dev", "image.pullPolicy=Always", "imagePullSecrets[0].name=key"],
        fields: &[
            (DEPLOYMENT, "/spec/template/spec/containers/0/image", r#""r/s:dev""#),
            (DEPLOYMENT, "/spec/template/spec/containers/0/imagePullPolicy", r#""Always""#),
            (DEPLOYMENT, "/spec/template/spec/imagePullSecrets", r#"[{"name": "key"}]"#),
        ],
        ..NONE
    },
    Row {
        says: "a digest takes the place of the tag",
        set: &["image.tag=dev", "image.digest=sha256:0123456789012345678901234567890123456789012345678901234567890123"],
        fields: &[(
            DEPLOYMENT,
            "/spec/template/spec/containers/0/image",
            r#""sidecarjob.dev/controller@sha256:0123456789012345678901234567890123456789012345678901234567890123""#,
        )],
        ..NONE
    },
    Row {
        says: "a role for each way to stop, bound to the controller",
        set: &["stop.exec=true", "stop.http=true", "stop.signal=true"],
        there: &["ClusterRoleBinding sidecarjob-stop-http", "ClusterRoleBinding sidecarjob-stop-signal"],
        fields: &[
            ("ClusterRole sidecarjob-stop-exec", "/rules/0/resources", r#"["pods/exec"]"#),
            ("ClusterRole sidecarjob-stop-http", "/rules/0/resources", r#"["pods/portforward"]"#),
            ("ClusterRole sidecarjob-stop-signal", "/rules/0/resources", r#"["pods/ephemeralcontainers"]"#),
            ("ClusterRoleBinding sidecarjob-stop-exec", "/roleRef/name", r#""sidecarjob-stop-exec""#),
        ],
        ..NONE
    },
    Row {
        says: "some namespaces only: a Role in each of them, and the flag",
        set: &["watchNamespaces={a,b}", "stop.exec=true"],
        there: &[
            "Role a sidecarjob-controller",
            "RoleBinding b sidecarjob-controller",
            "RoleBinding b sidecarjob-stop-exec",
        ],
        not_there: &["ClusterRole sidecarjob-controller", "ClusterRoleBinding sidecarjob-controller"],
        fields: &[
            ("RoleBinding a sidecarjob-controller", "/subjects/0/namespace", r#""sidecarjob-system""#),
            (
                DEPLOYMENT,
                "/spec/template/spec/containers/0/env/2",
                r#"{"name": "SIDECARJOB_NAMESPACE", "value": "a,b"}"#,
            ),
        ],
    },
    Row {
        says: "roles that somebody else makes",
        set: &[
            "rbac.create=false",
            "rbac.people=false",
            "serviceAccount.create=false",
            "serviceAccount.name=mine",
            "stop.exec=true",
        ],
        not_there: &[
            "ClusterRole sidecarjob-controller",
            "ClusterRole sidecarjob-view",
            "ClusterRole sidecarjob-stop-exec",
            "Role sidecarjob-system sidecarjob-controller-lease",
            "ServiceAccount sidecarjob-system mine",
        ],
        fields: &[(DEPLOYMENT, "/spec/template/spec/serviceAccountName", r#""mine""#)],
        ..NONE
    },
    Row {
        says: "recipes of one's own are a file of the controller",
        set: &[RECIPE],
        there: &["ConfigMap sidecarjob-system sidecarjob-recipes"],
        fields: &[
            (DEPLOYMENT, "/spec/template/spec/volumes/0/configMap/name", r#""sidecarjob-recipes""#),
            (DEPLOYMENT, "/spec/template/spec/containers/0/volumeMounts/0/mountPath", r#""/etc/sidecarjob""#),
        ],
        ..NONE
    },
    Row {
        says: "where the Pods run",
        set: &[
            "replicas=3",
            "priorityClassName=high",
            "nodeSelector.pool=infra",
            "tolerations[0].operator=Exists",
            "topologySpreadConstraints[0].topologyKey=topology.kubernetes.io/zone",
            "topologySpreadConstraints[0].maxSkew=1",
            "affinity.nodeAffinity.x=y",
        ],
        fields: &[
            (DEPLOYMENT, "/spec/replicas", "3"),
            (DEPLOYMENT, "/spec/template/spec/priorityClassName", r#""high""#),
            (DEPLOYMENT, "/spec/template/spec/nodeSelector", r#"{"pool": "infra"}"#),
            (DEPLOYMENT, "/spec/template/spec/tolerations", r#"[{"operator": "Exists"}]"#),
            (DEPLOYMENT, "/spec/template/spec/affinity", r#"{"nodeAffinity": {"x": "y"}}"#),
            (
                DEPLOYMENT,
                "/spec/template/spec/topologySpreadConstraints/0/labelSelector/matchLabels",
                r#"{"app.kubernetes.io/name": "sidecarjob", "app.kubernetes.io/component": "controller"}"#,
            ),
        ],
        ..NONE
    },
    Row {
        says: "a NetworkPolicy lets the metrics in and the API server out",
        set: &[
            "networkPolicy.enabled=true",
            "networkPolicy.to[0].ipBlock.cidr=10.0.0.1/32",
            "networkPolicy.apiServerPorts={6443}",
        ],
        fields: &[(
            "NetworkPolicy sidecarjob-system sidecarjob-controller",
            "/spec",
            r#"{"podSelector":
                {"matchLabels": {"app.kubernetes.io/name": "sidecarjob", "app.kubernetes.io/component": "controller"}},
                "policyTypes": ["Ingress", "Egress"],
                "ingress": [{"ports": [{"protocol": "TCP", "port": "http"}]}],
                "egress": [{"ports": [{"protocol": "TCP", "port": 6443}], "to": [{"ipBlock": {"cidr": "10.0.0.1/32"}}]}]}"#,
        )],
        ..NONE
    },
    Row {
        says: "monitoring with labels for the Prometheus of the cluster",
        set: &[
            "monitoring.serviceMonitor.enabled=true",
            "monitoring.serviceMonitor.labels.release=prom",
            "monitoring.rules.enabled=true",
            "monitoring.dashboard.enabled=true",
            "controller.bindAddress=[::]:9090",
        ],
        there: &["ConfigMap sidecarjob-system sidecarjob-dashboard", "PrometheusRule sidecarjob-system sidecarjob"],
        fields: &[
            ("ServiceMonitor sidecarjob-system sidecarjob-controller", "/metadata/labels/release", r#""prom""#),
            ("Service sidecarjob-system sidecarjob-controller-metrics", "/spec/ports/0/port", "9090"),
            (DEPLOYMENT, "/spec/template/spec/containers/0/ports/0/containerPort", "9090"),
        ],
        ..NONE
    },
    Row {
        says: "policies can be switched off",
        set: &["policies.nativeSidecars=false", "policies.checks=false"],
        not_there: &[
            "MutatingAdmissionPolicy sidecarjob-native-sidecars",
            "ValidatingAdmissionPolicy sidecarjob-annotation",
            "ValidatingAdmissionPolicy sidecarjob-job-sidecars",
        ],
        ..NONE
    },
    Row {
        says: "the policy for well-known sidecars asks for a label of the namespace",
        set: &["policies.wellKnownSidecars=true"],
        fields: &[(
            "MutatingAdmissionPolicyBinding sidecarjob-native-sidecars-well-known",
            "/spec/matchResources/namespaceSelector/matchLabels",
            r#"{"sidecarjob.dev/well-known-sidecars": "enabled"}"#,
        )],
        ..NONE
    },
    Row {
        says: "one replica may do without the Lease",
        set: &["replicas=1", "controller.leaderElect=false", "podDisruptionBudget.enabled=false"],
        not_there: &["PodDisruptionBudget sidecarjob-system sidecarjob-controller"],
        fields: &[(
            DEPLOYMENT,
            "/spec/template/spec/containers/0/env/2",
            r#"{"name": "SIDECARJOB_LEADER_ELECT", "value": "false"}"#,
        )],
        ..NONE
    },
];
