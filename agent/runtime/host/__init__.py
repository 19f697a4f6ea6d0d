"""The service without a package: the same units, written for wherever this program lies.

`systemd` plans (pure) what `printwarden service install` does; the Debian package ships the same files.
"""
