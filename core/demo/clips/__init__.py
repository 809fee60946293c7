"""Short vertical clips, composed here: grounds, rooms, moving layers, layouts per kind of post, and sound."""
