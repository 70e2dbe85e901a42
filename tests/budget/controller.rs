//! The whole controller on the API server in memory. What the server itself allocates does not count.

use k8s_openapi::api::batch::v1::Job;
use kube::Client;
use sidecarjob::api::SidecarJob;
use tokio::sync::watch;
use tower::ServiceExt;

use crate::allocations::all_outside;
use crate::counted::Counted;
use crate::world::counting::Server;
use crate::world::store::NAMESPACE;
use crate::world::whole;

/// A client. What the server allocates is not the controller's.
pub fn client(server: &Server) -> Client {
    Client::new(server.service().map_future(all_outside), NAMESPACE)
}

/// Starts the controller, as `whole::start` says.
pub async fn start(server: &Server, schedules: bool) -> watch::Sender<bool> {
    whole::start::<Counted<SidecarJob>, Counted<Job>>(client(server), &server.clock, schedules).await
}
