//! The kernels that a scenario may run on.

use crate::failure::Failure;
use std::fmt;
use std::str::FromStr;

/// The package whose dependencies are a suite's current kernel and its modules.
pub(super) const PACKAGE: &str = "linux-image-amd64";

/// Makes the packages of the stable suite known to the tree's apt, from the mirror that the tree itself came from.
pub(super) const ADD_SOURCES: &str = "sed 's/ sid / stable /' /etc/apt/sources.list \
                                      > /etc/apt/sources.list.d/stable.list && apt-get -qq update";

/// One of Debian's kernels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kernel {
    /// Of the unstable suite, a few weeks old at most.
    #[default]
    Newest,
    /// Of the stable suite: the series that most people run.
    Stable,
}

impl Kernel {
    pub(crate) const ALL: [Self; 2] = [Self::Newest, Self::Stable];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Newest => "newest",
            Self::Stable => "stable",
        }
    }

    /// The name of its file in an image.
    pub(super) fn file(self) -> String {
        format!("kernel-{self}")
    }

    /// The name of the file that holds its version.
    pub(super) fn version_file(self) -> String {
        format!("version-{self}")
    }

    /// A shell's line that puts its packages into `/kernel`.
    pub(super) fn download(self) -> String {
        let suite = match self {
            Self::Newest => "sid",
            Self::Stable => "stable",
        };
        format!(
            "mkdir /kernel && cd /kernel && apt-get -qq -o APT::Sandbox::User=root -t {suite} download \
             $(apt-get -s -qq --no-install-recommends -t {suite} install {PACKAGE} \
             | sed -n 's/^Inst \\(linux-[^ ]*\\) .*/\\1/p')"
        )
    }
}

impl fmt::Display for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Kernel {
    type Err = Failure;

    fn from_str(text: &str) -> Result<Self, Failure> {
        let found = Self::ALL.into_iter().find(|kernel| kernel.name() == text);
        found.ok_or_else(|| Failure::Usage(format!("no kernel is named {text}: newest, stable or both")))
    }
}
