"""Stand-ins for the court and the archive on this machine, as ASGI apps, with their faults.

They know what DOMAIN facts say about the real ones, and nothing of the pipeline that talks to them. The apps need only
Trio; real ports and made gazettes need the extra `trio-pipeline[demo]`.
"""
