"""Rules as reviewable files: each names a condition, how long it must hold, and the fault it then reports.

file_format ──► compiler, lint ──► schema   a file becomes a RuleSet, or a list of complaints
functions/, signals                         the signals of conditions, one file each
subjects, conditions                        does a rule hold for this thing? true, false, unknown
lifecycle, engine                           states and the changes to report                     (pure)
state_store, evaluator                      the same, across restarts
defaults/, faults.toml                      the shipped rules, and the fault catalogue
"""
