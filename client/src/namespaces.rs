//! Namespaces and their snapshots.

use metad_proto::v1::{self, GetNamespaceReply, GetNamespaceRequest};

use crate::{Client, Error, Reply, Request, read::unary, stamped::Stamped};

impl Client {
    /// Makes a namespace of the `exact` policy.
    pub async fn create_namespace(&self, name: &str) -> Result<Reply<v1::Namespace>, Error> {
        self.apply(exact(name)).await
    }

    /// Makes a namespace of the `exact` policy, under an identity from
    /// [`next_request`](Client::next_request).
    pub async fn create_namespace_as(
        &self,
        request: &Request,
        name: &str,
    ) -> Result<Reply<v1::Namespace>, Error> {
        self.apply_as(request, exact(name)).await
    }

    /// Makes a namespace with all options: its name policy and its quota.
    pub async fn create_namespace_with(
        &self,
        options: v1::CreateNamespace,
    ) -> Result<Reply<v1::Namespace>, Error> {
        self.apply(options).await
    }

    /// Gives a namespace another name or another quota.
    pub async fn update_namespace(
        &self,
        update: v1::UpdateNamespace,
    ) -> Result<Reply<v1::Namespace>, Error> {
        self.apply(update).await
    }

    /// Removes a namespace and its past; with nodes in it only if `delete.recursive`.
    pub async fn delete_namespace(
        &self,
        delete: v1::DeleteNamespace,
    ) -> Result<Reply<v1::Namespace>, Error> {
        self.apply(delete).await
    }

    /// A namespace of this id, and how much is in it.
    pub async fn get_namespace(&self, ns: u64) -> Result<Reply<GetNamespaceReply>, Error> {
        self.get_namespace_with(GetNamespaceRequest { ns, ..Default::default() }).await
    }

    /// A namespace by its id or its name, and how much is in it.
    pub async fn get_namespace_with(
        &self,
        request: GetNamespaceRequest,
    ) -> Result<Reply<GetNamespaceReply>, Error> {
        let reply = unary!(self, get_namespace, request);
        match reply.namespace {
            Some(_) => Ok(reply.reply(|reply| reply)),
            None => Err(Error::Fault { node: reply.node, message: "no namespace".to_owned() }),
        }
    }

    /// Gives the present revision of a namespace a name, which keeps what is there.
    pub async fn create_snapshot(&self, ns: u64, name: &str) -> Result<Reply<v1::Snapshot>, Error> {
        self.apply(v1::CreateSnapshot { ns, name: name.to_owned() }).await
    }

    /// Forgets a snapshot.
    pub async fn delete_snapshot(&self, ns: u64, name: &str) -> Result<Reply<v1::Snapshot>, Error> {
        self.apply(v1::DeleteSnapshot { ns, name: name.to_owned() }).await
    }
}

fn exact(name: &str) -> v1::CreateNamespace {
    v1::CreateNamespace { name: name.to_owned(), ..v1::CreateNamespace::default() }
}
