"""Your media + our timestamps -> verified clips: match, plan, cut, verify, receipt."""
