//! Commits of files, and what becomes of those that come too late.
//!
//! The name of a conflicted copy has a date, of a clock that no history tells. An answer
//! says the name, and the model holds it against its rules. Where the answer was lost, every
//! date that the history mentions in such a name is tried, and one that it does not mention:
//! all such dates are alike, since nothing that was asked or answered names the node.

use super::answer::Answer;
use super::conflicted::Conflicted;
use super::finding::Place;
use super::matching::Mismatch;
use super::mutate::{Touched, reject};
use super::node::{Body, Handle};
use super::operation::{Commit, Content, Mode, Name};
use super::reason::Reason;
use super::run::{Run, Stop};

impl Run<'_> {
    pub(super) fn commit(&mut self, namespace: Handle, commit: &Commit) -> Result<Touched, Stop> {
        let place = self.resolve_place(namespace, &commit.target)?;
        if let Place::Taken(node, _) = place
            && self.state().node(node).parent.is_none()
        {
            return reject(Reason::IsADirectory);
        }
        match self.commit_at(&place, commit) {
            Err(Stop::Rejected(reason)) => match &commit.autorename {
                Some(client) => self.commit_beside(&place, client, &commit.content),
                None => reject(reason),
            },
            done => done,
        }
    }

    /// Every refusal of this may become a conflicted copy.
    fn commit_at(&mut self, place: &Place, commit: &Commit) -> Result<Touched, Stop> {
        let content = &commit.content;
        let node = match place {
            Place::Free { .. } if matches!(commit.mode, Mode::Update(_)) => {
                return reject(Reason::NotFound);
            }
            Place::Free { parent, name } => {
                let body = Body::File(content.clone());
                return Ok(Touched::Node(self.make(*parent, Name::clone(name), body)?));
            }
            Place::Taken(node, _) => *node,
        };
        let rev = self.state().node(node).rev;
        let equal = match (&self.state().node(node).body, commit.mode) {
            (_, Mode::Create) | (Body::Symlink(_), _) => return reject(Reason::AlreadyExists),
            (Body::Directory(_) | Body::Mount(..), _) => return reject(Reason::IsADirectory),
            (Body::File(current), _) => current == content,
        };
        if let Mode::Update(expected) = commit.mode
            && !self.passes_guard(rev, expected)
        {
            return if equal { Ok(Touched::Node(node)) } else { reject(Reason::Conflict) };
        }
        let rev = self.effect_rev(self.state().node(node).namespace)?;
        self.state_mut().forest.set_content(node, content.clone(), rev);
        Ok(Touched::Node(node))
    }

    /// Makes a conflicted copy, a sibling of what is at the place or was to be there.
    fn commit_beside(
        &mut self,
        place: &Place,
        client: &str,
        content: &Content,
    ) -> Result<Touched, Stop> {
        let (parent, name) = match place {
            Place::Free { parent, name } => (*parent, Name::clone(name)),
            Place::Taken(node, given) => {
                let node = self.state().node(*node);
                let name = given.as_ref().unwrap_or(&node.name);
                (node.parent.expect("the root is refused before"), Name::clone(name))
            }
        };
        let name = self.name_copy(parent, &Conflicted::new(&name, client))?;
        Ok(Touched::Renamed(self.make(parent, name, Body::File(content.clone()))?))
    }

    fn name_copy(&mut self, parent: Handle, copy: &Conflicted<'_>) -> Result<Name, Stop> {
        let operation = self.operation;
        let Answer::Steps(results) = &operation.answer else {
            let date = self.chooser.choose(operation.dates.len());
            return Ok(self.first_free(parent, copy, &operation.dates[date]));
        };
        let result = results.get(self.step).ok_or(Mismatch::Results)?;
        let Some(renamed) = &result.renamed else {
            return Err(Mismatch::NotRenamed.into());
        };
        let date = copy.date_in(renamed).ok_or(Mismatch::Renamed)?;
        match self.first_free(parent, copy, date) {
            name if name == *renamed => Ok(name),
            name => Err(Mismatch::RenamedOtherwise { name }.into()),
        }
    }

    /// The name with the least number that is free in the directory.
    fn first_free(&self, parent: Handle, copy: &Conflicted<'_>, date: &str) -> Name {
        let forest = &self.state().forest;
        let children = forest.node(parent).children();
        let is_free = |name: &Name| {
            children.is_none_or(|children| !children.contains_key(&forest.key(parent, name)))
        };
        let mut names = (1..).map(|number| copy.name(date, number));
        names.find(is_free).expect("a directory has fewer names than there are numbers")
    }
}
