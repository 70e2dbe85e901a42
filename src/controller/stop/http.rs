//! How does the controller stop a container by HTTP? With one request through a forwarded port, which arrives on the
//! Pod's loopback address.

use http_body_util::Empty;
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::{Method, Request, header};
use hyper_util::rt::TokioIo;
use k8s_openapi::api::core::v1::Pod;
use kube::Api;

use crate::api::sidecar::{StopHttp, StopHttpMethod};
use crate::controller::stop::NotReached;

/// Sends the request. An answer below 400 is success. A connection that ends after the request is success too: many
/// programs exit before they answer.
pub async fn ask(api: &Api<Pod>, pod: &str, http: &StopHttp) -> Result<(), NotReached> {
    let mut forward = api.portforward(pod, &[http.port]).await?;
    let refused = forward.take_error(http.port);
    let Some(stream) = forward.take_stream(http.port) else { return Err(other("no stream")) };
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(other)?;
    let connection = tokio::spawn(connection);
    let answer = sender.send_request(request(http)?).await;
    let result = match answer {
        Ok(answer) if answer.status().as_u16() < 400 => Ok(()),
        Ok(answer) => Err(other(format!("the endpoint answers {}", answer.status()))),
        Err(_) => match refused {
            // If no program listens, the kubelet says why. If the stream only ends, the program has ended.
            Some(refused) => refused.await.map_or(Ok(()), |why| Err(other(why))),
            None => Ok(()),
        },
    };
    connection.abort();
    forward.abort();
    result
}

fn request(http: &StopHttp) -> Result<Request<Empty<Bytes>>, NotReached> {
    let method = match http.method {
        StopHttpMethod::Post => Method::POST,
        StopHttpMethod::Get => Method::GET,
        StopHttpMethod::Put => Method::PUT,
    };
    Request::builder()
        .method(method)
        .uri(&http.path)
        .header(header::HOST, format!("localhost:{}", http.port))
        .header(header::CONTENT_LENGTH, "0")
        .header(header::CONNECTION, "close")
        .body(Empty::new())
        .map_err(other)
}

fn other(why: impl ToString) -> NotReached {
    NotReached::Other(why.to_string())
}
