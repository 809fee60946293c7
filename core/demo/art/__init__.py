"""Pictures of the demo world, drawn here from plain shapes: no photograph, logo or person of the real world."""
