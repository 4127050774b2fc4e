"""The doctor: the layers from the ground up, each check a function that returns a finding.

`checks` has the frame (a check, what it is about, the table of all), one module a layer fills the table, `runner`
walks it with eight threads.  Nothing here prints, and nothing is changed outside but what `--send` mails.
"""
