"""Rules as reviewable files: when is a condition a fact, and what is then wrong with what.

form ──► compiling, lint ──► schema        a file becomes a RuleSet, or every complaint about it
functions/, signals                        what can be asked, one signal a file
subjects, verdict                          does a rule hold for this thing? true, false, unknown
lifecycle, engine                          where does it stand, and what is there to tell?   (pure)
states, judge                              the same, across restarts
defaults/, faults.toml                     the shipped rules, and the words for what can be wrong
"""
