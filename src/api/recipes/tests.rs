//! Recipes as data.

use super::*;

#[test]
fn the_built_in_recipes_can_be_read_and_no_two_have_one_name() {
    let recipes = parse(include_str!("../recipes.yaml")).unwrap();
    assert!(recipes.len() > 15);
    assert_eq!(*built_in(), recipes);
    let mut names: Vec<_> = recipes.iter().map(|r| &r.name).collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), recipes.len());
}

#[test]
fn a_recipe_that_is_wrong_is_refused_with_its_name_and_why() {
    let recipe = |more: &str| format!("- {{name: x, since: \"1\", onByDefault: true, ifOff: \"\", {more}}}");
    for (more, why) in [
        ("containers: [x], stop: []", "stop has no way"),
        ("stop: [{signal: SIGTERM}]", "neither containers nor images"),
        ("containers: [x], stop: [{signal: SIGKILL}]", "none of SIGTERM"),
        ("containers: [x], stop: [{http: {port: 0}}]", "without a port"),
        ("containers: [x], stop: [{http: {port: 1, path: quit}}]", "no leading slash"),
        ("containers: [x], stop: [{exec: {command: []}}]", "without a command"),
    ] {
        let said = parse(&recipe(more)).unwrap_err();
        assert!(said.contains("recipe \"x\"") && said.contains(why), "{said}");
    }
    for yaml in ["- {name: x}", "name: x", &recipe("containers: [x], stop: [{signal: SIGTERM}], colour: red")] {
        assert!(parse(yaml).is_err(), "{yaml}");
    }
}

#[test]
fn what_is_added_is_asked_first_and_replaces_what_has_its_name() {
    let own = parse(
        "[{name: istio, containers: [mesh], stop: [{signal: SIGINT}], since: '1', onByDefault: true, ifOff: ''}, \
          {name: own, images: [acme/log], stop: [{http: {port: 80}}], since: '1', onByDefault: true, ifOff: ''}]",
    )
    .unwrap();
    let all = with(own);
    assert_eq!(all.len(), built_in().len() + 1);
    assert_eq!((all[0].name.as_str(), all[0].containers[0].as_str()), ("istio", "mesh"));
    assert_eq!(all[1].stop, [Way::Http(StopHttp { port: 80, path: "/quitquitquit".into(), ..StopHttp::default() })]);
    assert_eq!(all.iter().filter(|r| r.name == "istio").count(), 1);
}

#[test]
fn the_example_of_the_page_is_a_recipe() {
    let page = include_str!("../../../docs/sidecars.md");
    let (_, rest) = page.split_once("```yaml\n- name: shipper").expect("the example");
    let (example, _) = rest.split_once("```").expect("its end");
    let recipes = parse(&format!("- name: shipper{example}")).expect("valid");
    assert_eq!(
        recipes[0].stop.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["HTTP POST :9000/stop", "SIGTERM"]
    );
}
