//! Which cluster does a command use? The one that kubectl uses.

use std::error::Error as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::{Args, ValueHint};
use kube::config::{KubeConfigOptions, Kubeconfig, KubeconfigError};
use kube::{Client, Config};

/// How to find the cluster. A flag with an empty value counts as not given, as for kubectl.
#[derive(Clone, Debug, Args)]
pub struct Cluster {
    /// Namespace [default: the namespace of the context]
    #[arg(short, long, value_name = "NAME")]
    pub namespace: Option<String>,

    /// Kubeconfig file [default: $KUBECONFIG or ~/.kube/config]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::AnyPath)]
    #[arg(value_parser = OsStringValueParser::new().map(PathBuf::from))]
    pub kubeconfig: Option<PathBuf>,

    /// Context of the kubeconfig
    #[arg(long, value_name = "NAME")]
    pub context: Option<String>,
}

impl Cluster {
    /// The namespace that was given.
    pub fn namespace(&self) -> Option<&str> {
        self.namespace.as_deref().filter(|name| !name.is_empty())
    }

    /// The kubeconfig that was given.
    pub fn kubeconfig(&self) -> Option<&Path> {
        self.kubeconfig.as_deref().filter(|file| !file.as_os_str().is_empty())
    }

    /// The context that was given.
    fn context(&self) -> Option<&str> {
        self.context.as_deref().filter(|name| !name.is_empty())
    }

    /// The same cluster, with this namespace.
    pub fn in_namespace(&self, namespace: &str) -> Self {
        Self { namespace: Some(namespace.to_owned()), ..self.clone() }
    }

    /// The namespace that was given, or the one of the context; `None` without a usable configuration. The cluster is not
    /// asked.
    pub async fn namespace_offline(&self) -> Option<String> {
        match self.namespace() {
            Some(namespace) => Some(namespace.to_owned()),
            None => self.config().await.ok().map(|config| config.default_namespace),
        }
    }

    /// The flags that lead to the same namespace of the same cluster, for a command that a message proposes. Each flag has a
    /// space before it.
    pub fn flags(&self) -> String {
        let file = self.kubeconfig().map(|file| file.display().to_string());
        let all = [("-n", self.namespace()), ("--kubeconfig", file.as_deref()), ("--context", self.context())];
        all.iter().filter_map(|(flag, value)| Some(format!(" {flag} {}", quoted((*value)?)))).collect()
    }

    /// A command of this program, for advice, with the flags that were given.
    pub fn command(&self, words: &str) -> String {
        format!("kubectl sidecarjob {words}{}", self.flags())
    }

    /// A client, and the namespace.
    pub async fn connect(&self) -> Result<(Client, String), String> {
        self.client(self.config().await?)
    }

    /// A client for long watches, and the namespace. The client reports each failure, and does not silently repeat the
    /// call. If an answer, or the next part of a watch, takes longer than `silence`, the client drops the connection.
    pub async fn connect_to_watch(&self, silence: Duration) -> Result<(Client, String), String> {
        self.client(for_watching(self.config().await?, silence))
    }

    /// Without a kubeconfig: the ServiceAccount of the Pod in which the program runs.
    async fn config(&self) -> Result<Config, String> {
        let options = KubeConfigOptions { context: self.context().map(str::to_owned), ..KubeConfigOptions::default() };
        match self.kubeconfig() {
            Some(file) => {
                let read = Kubeconfig::read_from(file).map_err(|e| self.unusable(&e))?;
                Config::from_custom_kubeconfig(read, &options).await.map_err(|e| self.unusable(&e))
            }
            None if self.context().is_some() => Config::from_kubeconfig(&options).await.map_err(|e| self.unusable(&e)),
            None => Config::infer().await.map_err(|error| {
                let cause = error.source().and_then(|cause| cause.downcast_ref());
                cause.map_or_else(|| all_causes(&error), |cause| self.unusable(cause))
            }),
        }
    }

    /// Why the kubeconfig can't be used, and what to do.
    fn unusable(&self, error: &KubeconfigError) -> String {
        use KubeconfigError::{CurrentContextNotSet, FindPath, LoadClusterOfContext, LoadContext, Parse, ReadConfig};
        let from_env = || std::env::var("KUBECONFIG").ok().filter(|files| !files.is_empty());
        let given = self.kubeconfig().map(|file| file.display().to_string());
        let file = given.or_else(from_env).unwrap_or_else(|| "~/.kube/config".to_owned());
        match error {
            CurrentContextNotSet => format!(
                "the kubeconfig {file} has no current-context; give --context, or set one with kubectl config use-context"
            ),
            LoadContext(name) => format!(
                "the kubeconfig {file} has no context {name:?}; kubectl config get-contexts lists those that it has"
            ),
            LoadClusterOfContext(name) => {
                format!("the kubeconfig {file} has no cluster {name:?}, which its context names; correct the context")
            }
            ReadConfig(error, file) => {
                format!("the kubeconfig {} can't be read: {error}; set KUBECONFIG or give --kubeconfig", file.display())
            }
            Parse(error) => {
                let error = error.to_string();
                let error = error.lines().next().unwrap_or_default();
                format!(
                    "the kubeconfig {file} is no valid YAML of a kubeconfig: {error}; correct it, or give --kubeconfig"
                )
            }
            FindPath => "there is no kubeconfig; set KUBECONFIG or give --kubeconfig".to_owned(),
            other => {
                let causes = all_causes(other);
                format!("the kubeconfig {file} can't be used: {causes}; correct it, or give --kubeconfig or --context")
            }
        }
    }

    fn client(&self, config: Config) -> Result<(Client, String), String> {
        let namespace = self.namespace().map_or_else(|| config.default_namespace.clone(), str::to_owned);
        let client = Client::try_from(config);
        let client = client.map_err(|e| {
            let causes = all_causes(&e);
            format!(
                "the credentials can't be used: {causes}; correct the kubeconfig, or give --kubeconfig or --context"
            )
        })?;
        Ok((client, namespace))
    }
}

/// The word as a shell reads it.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+=".contains(c);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}

/// The client of `connect_to_watch`.
fn for_watching(mut config: Config, silence: Duration) -> Config {
    config.default_retry = false;
    config.read_timeout = Some(silence);
    config.reset_reader_on_write = true; // the time counts from the request, not from the last answer
    config
}

/// The error, and each cause that its text does not contain.
fn all_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |e| (*e).source()).map(ToString::to_string);
    causes.fold(error.to_string(), |all, cause| if all.contains(&cause) { all } else { format!("{all}: {cause}") })
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::Pod;
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn a_server_that_takes_the_call_and_never_answers_is_no_silence_for_ever() {
        let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", server.local_addr().unwrap()).parse().unwrap();
        let config = for_watching(Config::new(url), Duration::from_millis(50));
        let pods: kube::Api<Pod> = kube::Api::namespaced(Client::try_from(config).unwrap(), "ns");
        let asked = tokio::spawn(async move { pods.list(&Default::default()).await });
        let (_open, _) = server.accept().await.unwrap();
        tokio::time::timeout(Duration::from_secs(10), asked).await.expect("it ends").unwrap().unwrap_err();
    }

    #[test]
    fn a_proposed_command_has_the_flags_that_were_given() {
        let cluster = |namespace: Option<&str>, file: Option<&str>, context: Option<&str>| Cluster {
            namespace: namespace.map(Into::into),
            kubeconfig: file.map(Into::into),
            context: context.map(Into::into),
        };
        assert_eq!(cluster(None, None, None).flags(), "");
        assert_eq!(cluster(Some(""), Some(""), Some("")).flags(), "", "as if they were not given");
        assert_eq!(cluster(None, None, Some("prod")).in_namespace("batch").flags(), " -n batch --context prod");
        assert_eq!(cluster(Some("batch"), None, None).flags(), " -n batch");
        let all = cluster(Some("batch"), Some("/my configs/it's"), Some("admin@prod"));
        assert_eq!(all.flags(), r" -n batch --kubeconfig '/my configs/it'\''s' --context admin@prod");
    }

    /// What the program says of this kubeconfig.
    async fn said_of(name: &str, kubeconfig: &str, context: Option<&str>) -> String {
        let file = std::env::temp_dir().join(format!("sidecarjob-connect-{}-{name}", std::process::id()));
        std::fs::write(&file, kubeconfig).unwrap();
        let context = context.map(str::to_owned);
        let cluster = Cluster { namespace: None, kubeconfig: Some(file.clone()), context };
        let said = cluster.connect().await.err().expect("it can't be used");
        std::fs::remove_file(&file).unwrap();
        assert!(said.contains(name), "the file is named: {said}");
        assert_eq!(said.lines().count(), 1, "{said}");
        said
    }

    #[tokio::test]
    async fn a_file_that_is_not_there_is_named() {
        let cluster = Cluster { namespace: None, kubeconfig: Some("/nowhere/config".into()), context: None };
        let said = cluster.connect().await.err().unwrap();
        assert!(said.contains("/nowhere/config") && said.contains("No such file"), "{said}");
    }

    #[tokio::test]
    async fn a_kubeconfig_that_can_not_be_used_is_one_sentence_with_what_to_do() {
        let contexts = "contexts: [{name: a, context: {cluster: gone, user: u}}]";
        let url = "clusters: [{name: c, cluster: {server: 'http://a b'}}]\n\
                   contexts: [{name: a, context: {cluster: c, user: u}}]";
        for (name, kubeconfig, context, said) in [
            ("empty", "", None, "has no current-context; give --context"),
            ("no-context", "apiVersion: v1\nkind: Config", None, "has no current-context; give --context"),
            ("no-such-context", contexts, Some("b"), "has no context \"b\"; kubectl config get-contexts"),
            ("no-cluster", contexts, Some("a"), "has no cluster \"gone\", which its context names"),
            ("half-written", "contexts: [{name: a, conte", None, "is no valid YAML of a kubeconfig"),
            ("no-mapping", "clusters: 5", None, "is no valid YAML of a kubeconfig"),
            ("no-url", url, Some("a"), "can't be used: failed to parse cluster url"),
        ] {
            let told = said_of(name, kubeconfig, context).await;
            assert!(told.contains(said), "{name}: {told}");
        }
    }
}
