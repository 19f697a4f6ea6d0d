"""The first five minutes: from an empty machine to the first printers found.

interfaces ──► networks ──proposed──► a person, or flags ──► answers ──checked──► writing ──► trial
               which are ours to ask                                              files       who answers
                                                                                      joining
                                                           enrolled, or a token left for the service
"""
