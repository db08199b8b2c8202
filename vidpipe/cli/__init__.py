"""The command line: reads arguments, shows progress, prints results. No decisions about data live here."""
