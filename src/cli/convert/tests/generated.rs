//! Manifests by chance: the values change as they should, the lines that stay are the same bytes, and twice is once.

use serde_json::{Value, json};

use super::*;
use crate::cli::manifest::documents;

/// Numbers by chance, from a seed (a linear congruential generator; the quality does not matter here).
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[usize::try_from(self.below(of.len() as u64)).expect("small")]
    }
}

/// A container in lines without indentation, the first with the dash.
fn lines(dice: &mut Dice, name: &str, image: &str) -> Vec<String> {
    if dice.below(6) == 0 {
        return vec![format!("- {{name: {name}, image: '{image}'}}{}", dice.one(&["", " # flow"]))];
    }
    let mut lines = vec![format!("- name: {}{}", dice.one(&[name, &format!("'{name}'")]), dice.one(&["", " # name"]))];
    let mut more = vec![
        vec![format!("  image: {image}")],
        vec![
            "  args:".into(),
            "  - |".into(),
            "    ---".into(),
            "    a: b".into(),
            String::new(),
            "    # no comment".into(),
        ],
        vec!["  env:".into(), "    # e".into(), "    - {name: A, value: 'yes'}".into()],
        vec!["  securityContext: {runAsUser: 0644}".into()],
        vec!["  workingDir: C:\\x".into()],
        vec!["  args: >-".into(), "    folded".into(), "    text".into()],
        vec!["  args:".into(), "  - |".into(), "    a".into(), "      ".into(), "    b".into(), "     ".into()],
        vec!["  args:".into(), "  - |+".into(), "    a".into(), String::new(), String::new()],
    ];
    lines.append(&mut more.remove(0));
    for field in more {
        if dice.below(3) == 0
            && !(field[0].starts_with("  args") && lines.iter().any(|line| line.starts_with("  args")))
        {
            lines.extend(field);
        }
    }
    if dice.below(3) == 0 {
        lines.insert(0, format!("# of {name}"));
    }
    if dice.below(4) == 0 {
        lines.push(String::new());
    }
    if dice.below(4) == 0 {
        lines.push(format!("  # of {name} too"));
    }
    lines
}

/// A Job or CronJob, and the names of its sidecars.
fn manifest(dice: &mut Dice) -> (String, Vec<String>) {
    let cron = dice.below(3) == 0;
    let mut text =
        format!("apiVersion: batch/v1\nkind: {}\nmetadata:\n  name: a\n", if cron { "CronJob" } else { "Job" });
    text += dice.one(&["", "  annotations: {}\n", "  labels:\n    a: b # l\n", "  annotations:\n    a: |\n      b\n"]);
    text += if cron { "spec:\n  schedule: '0 2 * * *'\n  jobTemplate:\n" } else { "" };
    let mut width = if cron { 4 } else { 0 };
    let mut put = |width: usize, line: &str| {
        text += &if line.is_empty() { "\n".to_owned() } else { format!("{}{line}\n", " ".repeat(width)) };
    };
    put(width, "spec:");
    if dice.below(2) == 0 {
        put(width + 2, "backoffLimit: 4 # b");
    }
    put(width + 2, dice.one(&["template:", "template: # t"]));
    width += 4;
    for line in dice
        .one(&["", "metadata: {}", "metadata: {labels: {a: b}}", "metadata:|  annotations:|    x: 'true' # y"])
        .split('|')
    {
        if !line.is_empty() {
            put(width, line);
        }
    }
    put(width, "spec:");
    put(width + 2, "restartPolicy: Never");
    let dash = width + 2 + usize::try_from(2 * dice.below(2)).expect("small");
    let init = |put: &mut dyn FnMut(usize, &str), dice: &mut Dice| {
        if dice.below(2) == 0 {
            return;
        }
        put(width + 2, "initContainers:");
        let dash = width + 2 + usize::try_from(2 * dice.below(2)).expect("small");
        lines(dice, "first", "y").iter().for_each(|line| put(dash, line));
    };
    let init_first = dice.below(2) == 0;
    if init_first {
        init(&mut put, dice);
    }
    if dice.below(2) == 0 {
        put(width + 2, "# of all");
    }
    put(width + 2, "containers:");
    let main = dice.below(3);
    let mut sidecars = Vec::new();
    for at in 0..3 {
        if at == main {
            lines(dice, "work", "x").iter().for_each(|line| put(dash, line));
        } else if dice.below(4) > 0 || sidecars.is_empty() && at + 1 >= main {
            let name = if sidecars.is_empty() { "fluent-bit" } else { "filebeat" };
            let image = if sidecars.is_empty() { "fluent/fluent-bit" } else { "elastic/beats/filebeat" };
            lines(dice, name, image).iter().for_each(|line| put(dash, line));
            sidecars.push(name.to_owned());
        }
    }
    if !init_first {
        init(&mut put, dice);
    }
    if dice.below(2) == 0 {
        put(width + 2, "# volumes");
        put(width + 2, "volumes: []");
    }
    (text, sidecars)
}

fn value(text: &str) -> Value {
    let mut all = documents(&Arc::new(Source::new("", None, text)));
    assert_eq!(all.len(), 1, "{text}");
    all.remove(0).unwrap_or_else(|fault| panic!("{fault}\n{text}")).value
}

/// The value that is meant, written here a second time, by JSON pointers.
fn meant(before: &Value, to: To, sidecars: &[String]) -> Value {
    let mut after = before.clone();
    let cron = before["kind"] == "CronJob";
    let run: &mut Value = if cron { &mut after["spec"]["jobTemplate"] } else { &mut after };
    match to {
        To::Native => {
            let pod = &mut run["spec"]["template"]["spec"];
            let all = pod["containers"].as_array().expect("containers").clone();
            let is_sidecar = |c: &&Value| sidecars.iter().any(|name| c["name"] == **name);
            let mut init = pod["initContainers"].as_array().cloned().unwrap_or_default();
            for container in all.iter().filter(is_sidecar) {
                let mut container = container.clone();
                container["restartPolicy"] = json!("Always");
                init.push(container);
            }
            pod["initContainers"] = json!(init);
            pod["containers"] = all.iter().filter(|c| !is_sidecar(c)).cloned().collect();
        }
        To::Annotation => run["spec"]["template"]["metadata"]["annotations"]["sidecarjob.dev/main"] = json!("work"),
        To::ManagedBy => {
            run["spec"]["managedBy"] = json!("sidecarjob.dev/controller");
            run["metadata"]["annotations"]["sidecarjob.dev/sidecars"] = json!(sidecars.join(","));
        }
        To::Sidecarjob => {
            run["spec"]["sidecars"] = sidecars.iter().map(|name| json!({"name": name})).collect();
            after["apiVersion"] = json!("sidecarjob.dev/v1alpha1");
            after["kind"] = json!(if cron { "SidecarCronJob" } else { "SidecarJob" });
        }
    }
    after
}

#[test]
fn generated_manifests_change_as_meant_and_lines_that_stay_are_the_same_bytes() {
    let mut changed = 0;
    for seed in 0..120 {
        let dice = &mut Dice(seed);
        let (text, sidecars) = manifest(dice);
        let breaks = dice.one(&["\n", "\r\n"]);
        let text = text.replace('\n', breaks);
        for to in [To::Native, To::Annotation, To::ManagedBy, To::Sidecarjob] {
            let Converted { text: new, reports } = converted(&text, &wanted(Some(to)));
            let line = reports[0].lines().remove(0);
            if sidecars.is_empty() {
                continue;
            }
            assert!(reports[0].is_changed(), "seed {seed}, {to:?}: {line}\n{text}");
            assert_eq!(value(&new), meant(&value(&text), to, &sidecars), "seed {seed}, {to:?}\n{text}\n{new}");
            assert_eq!(converted(&new, &wanted(Some(to))).text, new, "seed {seed}, {to:?}: twice\n{new}");
            assert_eq!(new.contains("# of all"), above(&new), "seed {seed}, {to:?}\n{text}\n{new}");
            assert_eq!(lost(&text, &new, to), [""; 0], "seed {seed}, {to:?}\n{text}\n{new}");
            changed += 1;
        }
    }
    assert!(changed > 400, "{changed} changes");
}

/// Whether the comment stands above the key of the containers.
fn above(text: &str) -> bool {
    let below = text.split("# of all").nth(1).map(str::trim_start);
    below.is_some_and(|below| below.starts_with("containers:"))
}

/// The lines that are no longer there, though the form does not change them. A line that moved may be indented otherwise.
fn lost<'a>(before: &'a str, after: &str, to: To) -> Vec<&'a str> {
    let mut there: Vec<&str> = after.split('\n').map(str::trim_start).collect();
    let mut lost = Vec::new();
    for line in before.split('\n') {
        match there.iter().position(|other| *other == line.trim_start()) {
            Some(at) => drop(there.swap_remove(at)),
            None => lost.push(line),
        }
    }
    let changes = |line: &&str| {
        let words: &[&str] = match to {
            To::Native => &["- {name: f"],
            To::Annotation | To::ManagedBy => &["metadata: {", "annotations: {}"],
            To::Sidecarjob => &["apiVersion: batch", "kind: "],
        };
        !words.iter().any(|word| line.trim_start().starts_with(word))
    };
    lost.into_iter().filter(changes).collect()
}
