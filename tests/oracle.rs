//! Which sessions a flow allows, written as a regular expression and matched letter by letter: the rule of a sign-in,
//! stated without the code that decides it.

/// A kind of entry, right or wrong: upper case is right.
///
/// `S` is `SRP_A`, `V` is `PASSWORD_VERIFIER`, `M` is a second factor of Cognito's, `C`, `P` and `Q` are `CAPTCHA`,
/// `PROOF_OF_WORK` and `SECURITY_QUESTION`, `T` is `CODE` with a state and `U` is `CODE` alone; `X` is an unknown
/// challenge, `Z` is `CODE` with what is not a state, and `N` is null.
pub type Letter = char;

/// A flow and the sessions that end it with tokens.
pub struct Rule {
    /// The flow.
    pub line: &'static str,
    /// The right answers to each of its challenges, to one that nobody knows, and to null.
    pub letters: &'static str,
    /// The longest sessions to look at.
    pub longest: u32,
    /// Letters, or letters to choose from, that may be left out where a `?` follows.
    tokens: &'static str,
}

/// The default flow and others.
pub const RULES: [Rule; 11] = [
    Rule {
        line: "PASSWORD,CAPTCHA|PROOF_OF_WORK:3,SECURITY_QUESTION:3",
        letters: "CPQXN",
        longest: 7,
        tokens: "S V M? cp? cp? CP q? q? Q",
    },
    Rule {
        line: "PASSWORD,CAPTCHA:1,SECURITY_QUESTION:1",
        letters: "CQXN",
        longest: 7,
        tokens: "S V M? C Q",
    },
    Rule {
        line: "PASSWORD",
        letters: "CXN",
        longest: 7,
        tokens: "S V M?",
    },
    Rule {
        line: "CAPTCHA|PROOF_OF_WORK:3,SECURITY_QUESTION:3",
        letters: "CPQXN",
        longest: 7,
        tokens: "cp? cp? CP q? q? Q",
    },
    Rule {
        line: "CAPTCHA:3,SECURITY_QUESTION:2",
        letters: "CQXN",
        longest: 7,
        tokens: "c? c? C q? Q",
    },
    Rule {
        line: "PROOF_OF_WORK:3",
        letters: "PXN",
        longest: 7,
        tokens: "p? p? P",
    },
    Rule {
        line: "SECURITY_QUESTION:1,SECURITY_QUESTION:2",
        letters: "QXN",
        longest: 7,
        tokens: "Q q? Q",
    },
    Rule {
        line: "SECURITY_QUESTION:9",
        letters: "QXN",
        longest: 9,
        tokens: "q? q? q? q? q? q? q? q? Q",
    },
    Rule {
        line: "SECURITY_QUESTION|PROOF_OF_WORK|CAPTCHA:2,PROOF_OF_WORK:2",
        letters: "CPQXN",
        longest: 7,
        tokens: "qpc? QPC p? P",
    },
    Rule {
        line: "CODE:3,CAPTCHA:2",
        letters: "TUZCX",
        longest: 7,
        tokens: "tu? tu? TU c? C",
    },
    Rule {
        line: "PASSWORD,CAPTCHA|CODE:2,CODE:1",
        letters: "TUZCN",
        longest: 6,
        tokens: "S V M? tuc? TUC TU",
    },
];

/// The longest sessions in which Cognito's own entries stand anywhere.
pub const LONGEST_MIXED: u32 = 5;

impl Rule {
    /// Whether create has an issuer for each challenge of the flow.
    pub fn is_standard(&self) -> bool {
        !self.line.contains("CODE")
    }

    /// What may come next in a session of no entries.
    pub fn start(&self) -> Open {
        let places = self.tokens.split(' ').map(|atom| {
            let letters = atom.trim_end_matches('?');
            (letters.chars().collect(), letters != atom)
        });
        Open::new(places.collect())
    }

    /// What sessions begin with: nothing, or what Cognito enters for a password.
    pub fn starts(&self) -> &'static [&'static str] {
        if self.tokens.starts_with('S') {
            &["", "SV", "SVM"]
        } else {
            &[""]
        }
    }

    /// Every letter, Cognito's own too.
    pub fn mixed(&self) -> String {
        format!("{}SVM", self.letters)
    }

    /// How many sessions there are whose entries have one of `results` results: of up to [`Rule::longest`] entries
    /// behind each start, and of up to [`LONGEST_MIXED`] with Cognito's own among them.
    pub fn sessions(&self, results: u64) -> u64 {
        let up_to = |longest: u32, letters: &str| -> u64 {
            let entries = letters.len() as u64 * results;
            (0..=longest).map(|length| entries.pow(length)).sum()
        };
        self.starts().len() as u64 * up_to(self.longest, self.letters) + up_to(LONGEST_MIXED, &self.mixed())
    }
}

/// Where in the expression a session can be. Nowhere, once it has an entry that did not fit.
#[derive(Clone)]
pub struct Open {
    places: std::rc::Rc<[(Vec<Letter>, bool)]>,
    /// A bit for each place, and one for the end.
    at: u64,
}

impl Open {
    fn new(places: Vec<(Vec<Letter>, bool)>) -> Self {
        let at = reachable(&places, 0);
        Self {
            places: places.into(),
            at,
        }
    }

    /// After one more entry.
    #[must_use]
    pub fn then(&self, letter: Letter) -> Self {
        let mut at = 0;
        if self.at != 0 {
            for (index, (letters, _)) in self.places.iter().enumerate() {
                if self.at & (1 << index) != 0 && letters.contains(&letter) {
                    at |= reachable(&self.places, index + 1);
                }
            }
        }
        Self {
            places: self.places.clone(),
            at,
        }
    }

    /// Whether every step was passed, in order, each within its attempts.
    pub fn passed(&self) -> bool {
        self.at & (1 << self.places.len()) != 0
    }

    /// Whether the sign-in is over without tokens.
    pub fn denied(&self) -> bool {
        self.at == 0
    }

    /// The right answers that could come next.
    pub fn right(&self) -> String {
        let here = self
            .places
            .iter()
            .enumerate()
            .filter(|(index, _)| self.at & (1 << index) != 0);
        let mut right: Vec<Letter> = here.flat_map(|(_, (letters, _))| letters).copied().collect();
        right.retain(char::is_ascii_uppercase);
        right.sort_unstable();
        right.into_iter().collect()
    }
}

/// `index` and what follows it if it is left out.
fn reachable(places: &[(Vec<Letter>, bool)], index: usize) -> u64 {
    let optional = places[index..].iter().take_while(|(_, optional)| *optional).count();
    (index..=index + optional).map(|place| 1 << place).sum()
}
