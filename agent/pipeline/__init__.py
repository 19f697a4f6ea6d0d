"""What joins the stages while the service runs. `agent.app` puts it together.

scouting   who is out there?        sightings become acquaintances
rounds     who is due?              known printers are read, tier by tier
asking     one printer, read        silence and nonsense become readings, too
intake     readings, in groups      each group is one transaction on disk
line       one reading's way        history, rules, tickets, outbox
house      housekeeping: the outbox in its bounds, the ballast, what was withheld
roll       who is known, who is silent
"""
