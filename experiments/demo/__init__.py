"""The main job, told by a program: train, publish, approve, compose, use, withdraw; over the site's own front door.

It is a stranger to the registry: it knows its REST API through `client`, and the stock tools of the model hub.
"""
