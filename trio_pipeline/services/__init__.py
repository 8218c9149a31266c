"""Stand-ins for the court and the archive on this machine, as ASGI apps, with their faults.

They do what the real ones are known to do, and know nothing of the pipeline that talks to them. The apps need Trio
alone; real ports and made gazettes need the extra `trio-pipeline[demo]`. From bottom to top: `faults`, `traffic` and
`connection` are what each request goes through, `exchange` and `service` what both apps share, `court` and `archive`
the apps, `gazettes` and `rows` what the court publishes, `serve` the ports.
"""
