"""Stand-ins for the court and the archive on this machine, as ASGI apps, with their faults.

They do what the real ones are known to do, and know nothing of the pipeline that talks to them. The apps need Trio
alone; real ports and made gazettes need the extra `trio-pipeline[demo]`. From bottom to top: `fault_names`, `faults`,
`traffic` and `connection` are what each request goes through, `exchange`, `fault_answers`, `control` and `service` what
both apps share. `shelf`, `limits`, `query`, `json_patch`, `uploads` and `metadata_writes` are the archive without HTTP,
`s3_api`, `metadata_api` and `search_api` its doors; `archive` and `court` are the apps, `publications`, `gazettes` and
`rows` what the court publishes, `serve` the ports.
"""
