//! A map of few entries.

use std::fmt;
#[cfg(test)]
use std::ops::Index;

/// A map from names to values, sorted by them and in one piece. Of thousands of objects, each has two or three of these
/// with one to five entries; a node of a tree has room for eleven.
#[derive(Clone, PartialEq, Eq)]
pub struct Few<V>(Vec<(&'static str, V)>);

impl<V> Few<V> {
    /// An empty map, which takes no room.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    fn place(&self, name: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(known, _)| (*known).cmp(name))
    }

    /// Puts a value, in the place of the one that has its name.
    pub fn insert(&mut self, name: &'static str, value: V) {
        match self.place(name) {
            Ok(place) => {
                if let Some((_, old)) = self.0.get_mut(place) {
                    *old = value;
                }
            }
            Err(place) => {
                self.0.reserve_exact(1);
                self.0.insert(place, (name, value));
            }
        }
    }

    /// The value of a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&V> {
        self.0.get(self.place(name).ok()?).map(|(_, value)| value)
    }

    /// Whether there is a value of this name.
    #[must_use]
    pub fn contains_key(&self, name: &str) -> bool {
        self.place(name).is_ok()
    }

    /// How many entries there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The entries, by name.
    pub fn iter(&self) -> Iter<'_, V> {
        self.0.iter().map(|(name, value)| (name, value))
    }

    /// The names, sorted.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &&'static str> {
        self.iter().map(|(name, _)| name)
    }

    /// The values, by name.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &V> {
        self.iter().map(|(_, value)| value)
    }
}

/// The entries, by name.
pub type Iter<'a, V> = std::iter::Map<
    std::slice::Iter<'a, (&'static str, V)>,
    fn(&'a (&'static str, V)) -> (&'a &'static str, &'a V),
>;

impl<V> Default for Few<V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<V, const N: usize> From<[(&'static str, V); N]> for Few<V> {
    fn from(entries: [(&'static str, V); N]) -> Self {
        entries.into_iter().collect()
    }
}

impl<V> FromIterator<(&'static str, V)> for Few<V> {
    fn from_iter<I: IntoIterator<Item = (&'static str, V)>>(entries: I) -> Self {
        let entries = entries.into_iter();
        let mut this = Self(Vec::with_capacity(entries.size_hint().0));
        this.extend(entries);
        this
    }
}

impl<V> Extend<(&'static str, V)> for Few<V> {
    fn extend<I: IntoIterator<Item = (&'static str, V)>>(&mut self, entries: I) {
        entries.into_iter().for_each(|(name, value)| self.insert(name, value));
    }
}

impl<V> IntoIterator for Few<V> {
    type Item = (&'static str, V);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a, V> IntoIterator for &'a Few<V> {
    type Item = (&'a &'static str, &'a V);
    type IntoIter = Iter<'a, V>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
impl<V> Index<&str> for Few<V> {
    type Output = V;

    fn index(&self, name: &str) -> &V {
        self.get(name).expect("an entry of this name")
    }
}

impl<V: fmt::Debug> fmt::Debug for Few<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_sorted_whatever_their_order_and_take_no_more_room_than_they_need() {
        let mut few = Few::from([("b", 2), ("c", 3), ("a", 1), ("b", 4)]);
        few.insert("aa", 5);
        assert_eq!(format!("{few:?}"), r#"{"a": 1, "aa": 5, "b": 4, "c": 3}"#);
        assert_eq!(
            (few.get("aa"), few.get("d"), few.contains_key("c"), few.len()),
            (Some(&5), None, true, 4)
        );
        few.extend([("d", 6)]);
        assert_eq!(few.keys().copied().collect::<Vec<_>>(), ["a", "aa", "b", "c", "d"]);
        assert_eq!(few.0.capacity(), 5);
        assert_eq!(few, few.clone().into_iter().rev().collect());
        assert!(Few::<u8>::new().is_empty());
    }
}
