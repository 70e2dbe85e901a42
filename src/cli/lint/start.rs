//! Does the main container start before its sidecar is ready?

use crate::api::StartUntil;
use crate::cli::lint::finding::Finding;
use crate::cli::lint::finding::Rule;
use crate::cli::lint::finding::Severity;
use crate::cli::lint::subject::Subject;
use crate::cli::shell::ready::waits_first;

/// The hook for which the kubelet waits before it starts the next container. A preStop hook holds back no container.
const POST_START: &str = "lifecycle.postStart";

/// Readiness holds back no container.
pub static READINESS_DOES_NOT_WAIT: Rule = Rule {
    name: "readiness-does-not-wait",
    severity: Severity::Warning,
    title: "The main container does not wait until the sidecar is ready.",
    page: "\
The kubelet starts the next container when a native sidecar has started: after its `startupProbe` and its `postStart` hook. A
`readinessProbe` delays no container. So the main container of a Job whose sidecar has only a `readinessProbe` may start before
the proxy accepts connections, and fail.

```yaml
      initContainers:
      - name: proxy
        restartPolicy: Always
        image: registry.example/proxy:1
        readinessProbe:            # startupProbe: the main container waits
          tcpSocket: {port: 5432}
```

Write the probe as `startupProbe`, with `periodSeconds: 1`. In a SidecarJob `start: {until: Ready}` makes the main containers wait
for the readiness probe; without any probe the field has no effect, which is a finding too. There is no finding in a Job if the
script of the main container waits before its first work (`until nc -z localhost 5432; do sleep 1; done; run`).",
};

/// The findings of this file.
pub fn find(subject: &Subject<'_>, found: &mut Vec<Finding>) {
    let mut mains = subject.mains().filter(|main| !main.is_init).peekable();
    let wait = mains.peek().is_some() && mains.all(|main| waits_first(&main.said.commands()));
    if subject.is_batch() && wait {
        return;
    }
    if subject.is_batch() {
        return found.extend(subject.sidecars().filter(|sidecar| sidecar.is_init).filter_map(|sidecar| {
            let probe = sidecar.node.at("readinessProbe");
            let waits = ["startupProbe", POST_START].iter().any(|field| sidecar.node.way(field).is_there());
            if !probe.is_there() || waits {
                return None;
            }
            let message = format!(
                "{}: sidecar {} has a readinessProbe and no startupProbe, so the main containers do not wait until it is ready",
                subject.words(),
                sidecar.name
            );
            let fix = "write the probe as startupProbe, with periodSeconds: 1".to_owned();
            Some(Finding::new(&READINESS_DOES_NOT_WAIT, &probe, message, fix))
        }));
    }
    for sidecar in subject.spec().at("sidecars").items() {
        let until = sidecar.way("start.until");
        let container = subject.containers.iter().find(|container| sidecar.at("name").is(container.name));
        let probes = ["readinessProbe", "startupProbe", POST_START];
        let Some(container) = container.filter(|_| until.read() == Some(StartUntil::Ready)) else { continue };
        if probes.iter().any(|probe| container.node.way(probe).is_there()) {
            continue;
        }
        let message = format!(
            "{}: the main containers should wait until sidecar {} is ready, but it has no readinessProbe: they wait only until \
             it has started",
            subject.words(),
            container.name
        );
        let fix = format!("give container {} a readinessProbe", container.name);
        found.push(Finding::new(&READINESS_DOES_NOT_WAIT, &until, message, fix));
    }
}
