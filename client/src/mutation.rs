//! What can be asked to change, each with the kind of answer that it gets.

use metad_proto::v1::{self, mutate_reply::Result as Answered, mutate_request::Mutation as Wire};

/// A mutation: one at a time has its effect, at one revision, or none.
pub trait Mutation: Send {
    /// What it is answered with.
    type Answer;

    /// As it is sent.
    fn wire(self) -> Wire;

    /// Its answer, or None if that is no answer to it.
    fn answer(answered: Answered) -> Option<Self::Answer>;
}

macro_rules! mutations {
    ($($message:ident is answered with $answer:ident as $variant:ident;)+) => {$(
        impl Mutation for v1::$message {
            type Answer = v1::$answer;

            fn wire(self) -> Wire {
                Wire::$message(self)
            }

            fn answer(answered: Answered) -> Option<v1::$answer> {
                match answered {
                    Answered::$variant(answer) => Some(answer),
                    _ => None,
                }
            }
        }
    )+};
}

mutations! {
    CreateNamespace is answered with Namespace as Namespace;
    UpdateNamespace is answered with Namespace as Namespace;
    DeleteNamespace is answered with Namespace as Namespace;
    CreateSnapshot is answered with Snapshot as Snapshot;
    DeleteSnapshot is answered with Snapshot as Snapshot;
    AcquireLock is answered with Lock as Lock;
    RenewLock is answered with Lock as Lock;
    ReleaseLock is answered with Lock as Lock;
    Steps is answered with StepResults as Steps;
}
