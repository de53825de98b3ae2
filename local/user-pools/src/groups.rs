//! Groups of users, as in tokens.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::error::Error;

/// A group of a pool.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Group {
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    /// Zero is first. Groups without a precedence are last.
    pub(crate) precedence: Option<u32>,
    /// The ARN of an IAM role.
    pub(crate) role: Option<String>,
    pub(crate) created: Duration,
    pub(crate) modified: Duration,
    /// The `sub` of each user: a later user with the same username is not a member.
    members: BTreeSet<String>,
}

/// The groups of one pool.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Groups(BTreeMap<String, Group>);

/// The groups in a user's tokens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Memberships {
    /// The names of the groups, by precedence.
    pub(crate) groups: Vec<String>,
    /// The roles of these groups, by precedence.
    pub(crate) roles: Vec<String>,
    pub(crate) preferred_role: Option<String>,
}

impl Group {
    /// Creates a group without members.
    pub(crate) fn new(name: String, now: Duration) -> Self {
        Self {
            name,
            description: None,
            precedence: None,
            role: None,
            created: now,
            modified: now,
            members: BTreeSet::new(),
        }
    }

    /// Whether the user with this `sub` is a member.
    pub(crate) fn has(&self, sub: &str) -> bool {
        self.members.contains(sub)
    }
}

impl Groups {
    /// Returns all groups, by name.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Group> {
        self.0.values()
    }

    /// Returns the group called `name`.
    pub(crate) fn find(&self, name: &str) -> Result<&Group, Error> {
        self.0.get(name).ok_or_else(not_found)
    }

    /// Adds a group.
    pub(crate) fn add(&mut self, group: Group) -> Result<(), Error> {
        if self.0.contains_key(&group.name) {
            return Err(Error::new(
                "GroupExistsException",
                "A group with the name already exists.",
            ));
        }
        self.0.insert(group.name.clone(), group);
        Ok(())
    }

    /// Returns the group called `name`, to change it.
    pub(crate) fn find_mut(&mut self, name: &str) -> Result<&mut Group, Error> {
        self.0.get_mut(name).ok_or_else(not_found)
    }

    /// Removes a group and its memberships.
    pub(crate) fn remove(&mut self, name: &str) -> Result<(), Error> {
        self.0.remove(name).map(drop).ok_or_else(not_found)
    }

    /// Adds a user to a group or removes the user. A repetition has no effect.
    pub(crate) fn set_member(&mut self, name: &str, sub: &str, member: bool) -> Result<(), Error> {
        let group = self.find_mut(name)?;
        if member {
            group.members.insert(sub.to_owned());
        } else {
            group.members.remove(sub);
        }
        Ok(())
    }

    /// Returns the groups without this user.
    #[must_use]
    pub(crate) fn without(&self, sub: &str) -> Self {
        let mut left = self.clone();
        for group in left.0.values_mut() {
            group.members.remove(sub);
        }
        left
    }

    /// Returns the groups in the tokens of the user with this `sub`.
    pub(crate) fn memberships(&self, sub: &str) -> Memberships {
        let mut groups: Vec<&Group> = self.iter().filter(|group| group.has(sub)).collect();
        // Groups with the same precedence stay in the order of their names.
        groups.sort_by_key(|group| precedence(group));
        let best = groups.first().map(|group| precedence(group));
        let first = groups.iter().take_while(|group| Some(precedence(group)) == best);
        let preferred: BTreeSet<Option<&str>> = first.map(|group| group.role.as_deref()).collect();
        Memberships {
            groups: groups.iter().map(|group| group.name.clone()).collect(),
            roles: groups.iter().filter_map(|group| group.role.clone()).collect(),
            // If the first groups have different roles, no role is preferred. The same holds if one of them has no
            // role.
            preferred_role: match preferred.into_iter().collect::<Vec<_>>().as_slice() {
                [Some(role)] => Some((*role).to_owned()),
                _ => None,
            },
        }
    }
}

fn precedence(group: &Group) -> (bool, Option<u32>) {
    (group.precedence.is_none(), group.precedence)
}

fn not_found() -> Error {
    Error::resource_not_found("Group not found.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups(all: &[(&str, Option<u32>, Option<&str>)]) -> Groups {
        let mut groups = Groups::default();
        for (name, precedence, role) in all {
            let mut group = Group::new((*name).into(), Duration::ZERO);
            group.precedence = *precedence;
            group.role = role.map(str::to_owned);
            groups.add(group).unwrap();
            groups.set_member(name, "ana", true).unwrap();
        }
        groups
    }

    fn preferred(all: &[(&str, Option<u32>, Option<&str>)]) -> Option<String> {
        groups(all).memberships("ana").preferred_role
    }

    #[test]
    fn groups_and_roles_are_in_the_order_of_precedence() {
        let all = [
            ("a", None, Some("role a")),
            ("b", Some(7), Some("role b")),
            ("c", Some(0), None),
            ("d", Some(7), Some("role d")),
        ];
        let memberships = groups(&all).memberships("ana");
        assert_eq!(memberships.groups, ["c", "b", "d", "a"]);
        assert_eq!(memberships.roles, ["role b", "role d", "role a"]);
        assert_eq!(groups(&all).memberships("bea"), Memberships::default());
    }

    #[test]
    fn the_preferred_role_is_that_of_the_first_group_unless_two_differ() {
        let preferred_of = |all: &[_]| preferred(all).unwrap_or_default();
        assert_eq!(
            preferred_of(&[("a", Some(1), Some("x")), ("b", Some(2), Some("y"))]),
            "x"
        );
        assert_eq!(preferred_of(&[("a", None, Some("x")), ("b", Some(2), Some("y"))]), "y");
        assert_eq!(
            preferred_of(&[("a", Some(1), Some("x")), ("b", Some(1), Some("x"))]),
            "x"
        );
        assert_eq!(preferred_of(&[("a", None, Some("x"))]), "x");
        assert_eq!(preferred(&[("a", Some(1), Some("x")), ("b", Some(1), Some("y"))]), None);
        assert_eq!(preferred(&[("a", Some(1), None), ("b", Some(2), Some("y"))]), None);
        assert_eq!(preferred(&[]), None);
    }

    #[test]
    fn groups_can_be_written_down_and_read_again() {
        let groups = groups(&[("a", Some(1), Some("x")), ("b", None, None)]);
        let text = serde_json::to_string(&groups).unwrap();
        let read: Groups = serde_json::from_str(&text).unwrap();
        assert_eq!(read.memberships("ana"), groups.memberships("ana"));
    }

    #[test]
    fn a_removed_user_is_in_no_group() {
        let mut groups = groups(&[("a", None, None), ("b", None, None)]).without("ana");
        assert_eq!(groups.memberships("ana"), Memberships::default());
        assert!(groups.remove("a").is_ok() && groups.remove("a").is_err());
    }
}
