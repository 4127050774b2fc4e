"""SES and what is around it as CloudFormation: text only, nothing is deployed from here.

`sending` is one stack a region: identities, configuration set, events, alarms. `access` is one stack an account: the
SMTP users, what bounds them, and the role that the program runs in. No template makes an access key: the secret would
stand in the stack, and a replaced key leaves no time for those who hold the old one.
"""
