//! "Which container is told to stop": a table of Pods.

use serde_json::{Value, json};

use super::*;

fn script(name: &str, script: &str) -> Value {
    json!({"name": name, "image": "i", "command": ["sh", "-c", script]})
}

fn job(containers: &[Value], init: &[Value], annotations: &Value) -> Value {
    let spec = json!({"containers": containers, "initContainers": init, "shareProcessNamespace": true});
    json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "etl"},
        "spec": {"template": {"metadata": {"annotations": annotations}, "spec": spec}}})
}

#[test]
fn a_call_stops_the_container_that_it_names_or_the_only_one_that_it_can_mean() {
    let sql = || json!({"name": "cloud-sql-proxy", "image": "cloud-sql-connectors/cloud-sql-proxy"});
    let bit = || json!({"name": "fluent-bit", "image": "fluent/fluent-bit"});
    let mesh = || json!({"name": "istio-proxy", "image": "istio/proxyv2"});
    let sleeps = || json!({"name": "sleeps", "image": "i", "command": ["sleep", "infinity"]});
    let loops = || script("loops", "while true; do sleep 1; done");
    let other = || script("other", "while true; do sleep 1; done");
    let native = || json!({"name": "cloud-sql-proxy", "image": "x", "restartPolicy": "Always"});
    let admin = || json!({"name": "cloud-sql-proxy", "image": "x", "args": ["--quitquitquit", "--admin-port=9092"]});
    let quit = "work; curl -X POST localhost:9091/quitquitquit";
    let moved = "work; curl -X POST localhost:9092/quitquitquit";
    let open = "work; curl -X POST localhost:$PORT/quitquitquit";
    let each = "work; for p in 9091 15020; do curl -X POST localhost:$p/quitquitquit; done";
    let two = "work; curl localhost:7001/quitquitquit; curl localhost:7002/quitquitquit";
    let wait = "linkerd-await --shutdown -- work";
    let linkerd = || json!({"name": "linkerd-proxy", "image": "l"});
    // The script of the main container; the others; the init containers; who is told.
    type Row = (&'static str, &'static str, Vec<Value>, Vec<Value>, &'static [&'static str]);
    let rows: Vec<Row> = vec![
        ("the port of a recipe", quit, vec![sql(), bit()], vec![], &["cloud-sql-proxy"]),
        ("the port of the native sidecar", quit, vec![loops()], vec![native()], &["cloud-sql-proxy"]),
        (
            "a comment and what is only said",
            "# curl localhost:9091/quitquitquit\nrun; echo localhost:9091/quitquitquit",
            vec![sql()],
            vec![],
            &[],
        ),
        ("a port that the container has in its words", moved, vec![admin(), mesh()], vec![], &["cloud-sql-proxy"]),
        ("a port that nobody has, and one endpoint", moved, vec![sql(), bit()], vec![], &["cloud-sql-proxy"]),
        ("a port that nobody knows, and two endpoints", open, vec![sql(), mesh()], vec![], &[]),
        ("a loop over the ports", each, vec![sql(), mesh()], vec![], &["cloud-sql-proxy", "istio-proxy"]),
        ("the only container that it can be for", quit, vec![loops()], vec![], &["loops"]),
        ("one of two that it can be for", quit, vec![loops(), other()], vec![], &[]),
        ("two calls for two containers", two, vec![loops(), other()], vec![], &["loops", "other"]),
        ("a program that has no endpoint", quit, vec![sleeps()], vec![], &[]),
        ("a sidecar without an endpoint", quit, vec![bit()], vec![], &[]),
        ("a proxy's own argument", "work", vec![admin(), bit()], vec![], &[]),
        ("linkerd-await that stops the proxy", wait, vec![linkerd()], vec![], &["linkerd-proxy"]),
        ("linkerd-await that only waits", "linkerd-await -- work", vec![linkerd()], vec![], &[]),
        ("scuttle", "scuttle work", vec![mesh()], vec![], &["istio-proxy"]),
        ("a signal by name", "work; pkill fluent-bit", vec![bit(), sql()], vec![], &["fluent-bit"]),
        ("a signal to the name in the image", "work; pkill sql_proxy", vec![sql()], vec![], &["cloud-sql-proxy"]),
        ("a signal to a process of nobody", "work; pkill one", vec![bit(), loops()], vec![], &[]),
        ("a signal to the program of a sidecar", "work; pkill envoy", vec![mesh(), bit()], vec![], &["istio-proxy"]),
        ("a signal to a word of a script", "work; killall sleep", vec![loops(), bit()], vec![], &["loops"]),
        ("a signal to somebody", "work; pkill $NAME", vec![bit()], vec![], &["fluent-bit"]),
        ("a signal to one of two", "work; pkill $NAME", vec![bit(), loops()], vec![], &[]),
    ];
    for (case, main, more, init, expected) in rows {
        let containers = [vec![script("work", main)], more].concat();
        let job = job(&containers, &init, &json!({}));
        let subject = Subject::of(&job).expect("a Job");
        let names = subject.containers.iter().filter(|c| c.name != "work").map(|c| c.name);
        let told: Vec<&str> = names.filter(|name| is_told(&subject, name)).collect();
        assert_eq!(told, expected, "{case}");
    }
}

#[test]
fn an_address_in_the_environment_counts_and_so_does_a_container_that_a_webhook_adds() {
    let by_env = |url: &str| {
        json!({"name": "work", "image": "i", "command": ["sh", "-c", "work; curl -X POST $QUIT"],
        "env": [{"name": "QUIT", "value": url}]})
    };
    let istio = json!({"sidecar.istio.io/inject": "true"});
    let loops = script("loops", "while true; do sleep 1; done");
    let istio_quit = script("work", "work; curl -XPOST localhost:15020/quitquitquit");
    let rows = [
        (
            "the environment",
            vec![by_env("http://localhost:9091/quitquitquit"), loops.clone()],
            json!({}),
            "loops",
            true,
        ),
        ("another address", vec![by_env("http://localhost:9091/metrics"), loops.clone()], json!({}), "loops", false),
        ("an injected proxy", vec![istio_quit.clone()], istio.clone(), "istio-proxy", true),
        ("a container beside that proxy", vec![istio_quit.clone(), loops.clone()], istio, "loops", false),
        ("no injected proxy", vec![istio_quit, loops], json!({}), "loops", true),
    ];
    for (case, containers, annotations, name, expected) in rows {
        let job = job(&containers, &[], &annotations);
        assert_eq!(is_told(&Subject::of(&job).expect("a Job"), name), expected, "{case}");
    }
}
