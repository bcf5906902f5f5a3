"""Code sets that claims are written in: adjustment and remark codes, places of service."""
