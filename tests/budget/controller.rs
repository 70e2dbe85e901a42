//! The whole controller on the API server in memory. What the server itself allocates does not count.

use kube::Client;
use sidecarjob::api::{SharedJob, SidecarJob};
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
    whole::start::<Counted<SidecarJob>, Counted<SharedJob>>(client(server), &server.clock, schedules).await
}
