"""The first five minutes: from an empty machine to the first printers found.

interfaces ──► networks ──proposed──► a person, or flags ──► answers ──checked──► config_writer ──► first_try
                                                                                       enrolment
                                                           enrolled, or a token left for the service
"""
