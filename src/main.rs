//! in work
fn main() {
    println!("{}", serde_json::to_string(&sidecarjob::api::crd::sidecarjob()).unwrap());
}
