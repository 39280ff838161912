// TVSShell
