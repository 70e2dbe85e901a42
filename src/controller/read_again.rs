//! Does the view have enough of the Pods of a namespace for a run that has come into view?
//!
//! Not if the run has a selector of its own, or owns Pods that looked like another manager's Pods. The view keeps no
//! labels, and of another manager's Pod only the owner. So the controller reads the Pods of the namespace once more.

use kube::api::ListParams;

use crate::controller::call::{call, failed};
use crate::controller::context::Context;
use crate::controller::error::Error;
use crate::controller::managed::Managed;
use crate::controller::wire::pods::PodApi;

/// The most Pods in one answer.
const PAGE: u32 = 500;

/// Reads the Pods of the namespace if that is necessary; returns whether it was. Other tasks that ask meanwhile wait.
pub async fn read_again<K: Managed>(ctx: &Context<K>, namespace: &str) -> Result<bool, Error> {
    let Some(unread) = ctx.pods.unread(namespace) else { return Ok(false) };
    let _reading = unread.gate.lock().await;
    let Some(unread) = ctx.pods.unread(namespace) else { return Ok(true) };
    let what = format!("list the Pods of namespace {namespace}");
    let api = PodApi::of(&ctx.client, namespace);
    let mut page = ListParams::default().limit(PAGE);
    loop {
        let (pods, next) = call(&what, api.list(&page)).await?.map_err(|e| failed(&what, e))?;
        pods.iter().for_each(|pod| ctx.pods.read_again(pod));
        match next {
            Some(token) => page = page.continue_token(&token),
            None => break,
        }
    }
    ctx.pods.was_read(namespace, unread.reason);
    Ok(true)
}
