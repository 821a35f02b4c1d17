"""The hub's side of Nightdesk: sign-in, sessions in containers, a network for each person."""
