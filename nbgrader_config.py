"""For nbgrader users: the whole course is the assignment ".", as in `nbgrader generate_assignment .`"""

from course_lib.authoring import CODE_STUB, TEXT_STUB

c = get_config()  # noqa: F821 (nbgrader provides it)
c.CourseDirectory.course_id = "pruning"
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "notebooks"
# nbgrader copies all other files of solutions/ into the release: the sources hold the answers.
c.CourseDirectory.ignore = [".*", "__pycache__", "*.pyc", "*.py", "*.toml"]
c.ClearSolutions.code_stub = {"python": CODE_STUB}
c.ClearSolutions.text_stub = TEXT_STUB
